"""Why a lead was raised: everything behind it on one page, for a caseworker.

Belongs here: gathering what the lake knows about one lead, masked for a role. Does not belong here: how the page looks
(`view`), and why records are one person (`pipelines.linkage`).
"""

import json
from typing import TYPE_CHECKING, Any

from pipelines.assess.explain.page import Explanation, Ground, Member
from pipelines.assess.rules.catalogue import Catalogue, load_catalogue
from pipelines.assess.rules.questions import TO_DECIDE
from pipelines.contracts import load_contracts
from pipelines.declarations import named, read_declared
from pipelines.errors import DataError
from pipelines.linkage.lake import persons
from pipelines.masking import load_role, mask
from pipelines.month import windows
from pipelines.parameters import figure
from pipelines.storage import SCHEMAS, Home, quoted

if TYPE_CHECKING:
    import duckdb


def explain_lead(home: Home, lead_id: str, role: str = "district") -> str:
    """A lead explained as plain text.

    Args:
        home: where the lead is.
        lead_id: its number.
        role: whose eyes it is for: district, town, village, public.

    Raises:
        DataError: there is no such lead.
        UsageError: there is no such role.
    """
    from pipelines.assess.explain.view import as_text

    return as_text(gather(home, lead_id, role))


def explain_lead_html(home: Home, lead_id: str, role: str = "district") -> str:
    """A lead explained as one self-contained HTML page.

    Raises:
        DataError: there is no such lead.
        UsageError: there is no such role.
    """
    from pipelines.assess.explain.view import as_html

    return as_html(gather(home, lead_id, role))


def gather(home: Home, lead_id: str, role: str) -> Explanation:
    """Everything behind a lead, from the newest batch that has it.

    Raises:
        DataError: there is no such lead.
        UsageError: there is no such role.
    """
    load_role(role)
    for batch in reversed(home.batches()):
        path = home.lake(batch, "assess", "leads")
        if not path.exists():
            continue
        with home.connect() as connection:
            lead = _one(connection, f"SELECT * FROM read_parquet('{quoted(path)}') WHERE lead_id = $1", lead_id)
            if lead:
                return _explained(connection, home, batch, lead, role)
    raise DataError(f"没有编号为 {lead_id} 的线索。", todo="编号在走访清单的第一列；也可能在还没有运行的批次里。")


def _explained(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, lead: dict[str, Any], role: str) -> Explanation:
    def lake(stage: str, table: str) -> str:
        return f"read_parquet('{quoted(home.lake(batch, stage, table))}')"

    household = lead["household_id"]
    people = _all(
        connection,
        f"""
        SELECT p.person_id, p.name, p.id_number, p.sex, p.phone, p.address, m.relation, f.age, f.left_reason,
            f.income,
            f.on_dibao, f.on_tekun, f.on_edge, f.on_rigid, p.person_id = h.head_person_id AS head
        FROM {lake("assess", "person_fact")} AS f
        JOIN {persons(home, batch)} AS p USING (person_id)
        LEFT JOIN {lake("households", "members")} AS m ON m.person_id = f.person_id AND m.household_id = $1
        LEFT JOIN {lake("households", "households")} AS h ON h.household_id = $1
        WHERE f.household_id = $1 OR f.left_household_id = $1
        ORDER BY head DESC NULLS LAST, f.age DESC NULLS LAST, p.person_id""",
        household,
    )
    findings = _all(
        connection,
        f"""
        SELECT f.*, r.title, r.law, r.question
        FROM {lake("assess", "findings")} AS f JOIN {lake("assess", "rules")} AS r USING (rule_id)
        WHERE f.household_id = $1 AND f.direction = $2
        ORDER BY list_position(['red', 'orange', 'yellow'], f.level), f.outcome, f.rule_id, f.person_id""",
        household,
        lead["direction"],
    )
    catalogue = load_catalogue()
    to_decide = _to_decide(connection, home, batch, household)
    names = {person["person_id"]: _called(person, role) for person in people}
    names[""] = named([names[person["person_id"]] for person in people if person["income"] is None and not person["left_reason"]])
    first = people[0] if people else {}
    return Explanation(
        lead_id=lead["lead_id"],
        batch=batch,
        as_of=str(windows(batch).as_of),
        direction=lead["direction"],
        level=lead["level"],
        status=lead["status"] or "",
        due_date=str(lead["due_date"] or ""),
        place=" ".join(part for part in (lead["town"], lead["village"], lead["grid"]) if part),
        times_raised=lead["times_raised"] or 1,
        last_outcome=lead["last_outcome"] or "",
        programmes=list(lead["suggested_programmes"] or []),
        role=load_role(role).title,
        address=mask(first.get("address"), "address", role),
        phone=mask(first.get("phone"), "phone", role),
        disputed=_disputed(_one(connection, f"FROM {lake('households', 'households')} WHERE household_id = $1", household) or {}),
        members=[_member(person, role) for person in people],
        grounds=[_ground(finding, names, catalogue, to_decide) for finding in findings],
    )


def _called(person: dict[str, Any], role: str) -> str:
    """A member's masked name with what tells them from others of the same surname."""
    about = person["relation"] or (f"{person['age']} 岁" if person["age"] is not None else "")
    return mask(person["name"], "name", role) + (f"（{about}）" if about else "")


def _disputed(household: dict[str, Any]) -> str:
    """The dispute in one sentence; a batch of before there were any has none."""
    if not household.get("disputed"):
        return ""
    found = household["stated_members"]
    return f"走访时发现实际共同生活 {found} 人，与数据不符，待核实" if found else "走访时发现户内情况与数据不符，待核实"


def _member(person: dict[str, Any], role: str) -> Member:
    classes = {"on_dibao": "低保", "on_tekun": "特困", "on_edge": "低保边缘", "on_rigid": "刚性支出"}
    return Member(
        person_id=person["person_id"],
        name=mask(person["name"], "name", role),
        id_number=mask(person["id_number"], "id_number", role),
        relation=person["relation"] or "",
        sex={"1": "男", "2": "女"}.get(person["sex"], ""),
        age=person["age"],
        covered="、".join(word for fact, word in classes.items() if person[fact]) or "无",
        left={"dead": "已死亡", "custody": "在押"}.get(person["left_reason"], ""),
    )


def _to_decide(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, household: str) -> set[tuple[str | None, str]]:
    """The missing facts, and whose, that a clerk's decision about a row may give."""
    waiting = home.lake(batch, "assess", "waiting")
    if not waiting.exists():
        return set()
    query = f"SELECT person_id, fact FROM read_parquet('{quoted(waiting)}') WHERE household_id = $1 AND what = '{TO_DECIDE}'"
    return {(row["person_id"], row["fact"]) for row in _all(connection, query, household)}


def _ground(
    finding: dict[str, Any], names: dict[str, str], catalogue: Catalogue, to_decide: set[tuple[str | None, str]]
) -> Ground:
    inputs = json.loads(finding["inputs"])
    titles = {key: contract.title for key, contract in load_contracts().items()}
    supply = read_declared(SCHEMAS / "missing.yaml")[0].data["supply"]
    rows: dict[tuple[str, str], list[int]] = {}
    for source, file, row in inputs["records"]:
        rows.setdefault((source, file), []).append(int(row))
    missing = []
    for name in finding["missing"] or []:
        fact = catalogue.facts.get(name)
        given = supply.get(name, {})
        source = given.get("source") or (fact.sources[0] if fact and fact.sources else "")
        meaning = _brief(catalogue.describe(name))
        whose = f"（{names['']}）" if given.get("of_member") and names[""] else ""
        decided_first = (finding["person_id"], name) in to_decide
        what = (TO_DECIDE, "") if decided_first else (given.get("what") or meaning, titles.get(source, ""))
        missing.append((meaning + whose, *what))
    return Ground(
        rule_id=finding["rule_id"],
        title=finding["title"],
        level=finding["level"],
        outcome=finding["outcome"],
        whom=names.get(finding["person_id"], "本人") if finding["person_id"] else "全家",
        reason=finding["reason"],
        law=list(finding["law"]),
        ask=finding["question"],
        facts=[_fact(name, value, catalogue, titles) for name, value in inputs["facts"].items()],
        parameters=[_parameter(key, held, catalogue) for key, held in inputs["parameters"].items()],
        records=[(titles.get(source, source), file, row_ranges(numbers)) for (source, file), numbers in rows.items()],
        missing=missing,
        version=finding["rule_version"],
    )


def _fact(name: str, value: Any, catalogue: Catalogue, titles: dict[str, str]) -> tuple[str, str, str, str]:
    fact = catalogue.facts.get(name)
    if fact is None:
        return name, str(value), "", ""
    if value is None:
        shown = "不知道"
    elif isinstance(value, bool):
        shown = "是" if value else "否"
    elif isinstance(value, list):
        shown = "、".join(value) or "无"
    elif fact.unit.startswith("元"):
        shown = f"{float(value):,.2f} 元"
    elif fact.type == "DATE" and fact.unit == "月":
        shown = str(value)[:7]
    else:
        shown = f"{value} {fact.unit}" if fact.unit in ("岁", "人", "级", "次", "个", "辆", "月") else str(value)
    sources = "、".join(titles[source] for source in fact.sources)
    return _brief(fact.meaning), shown, fact.window if fact.window != "-" else "", sources


def _parameter(key: str, held: dict[str, Any], catalogue: Catalogue) -> tuple[str, str, str, str, str]:
    from decimal import Decimal

    state = {"confirmed": "已确认", "to_confirm": "待确认"}[held["status"]]
    title = catalogue.parameters[key].title if key in catalogue.parameters else key
    return (
        f"{title}（{key}）",
        figure(Decimal(held["value"]), held["unit"]),
        held["from"],
        held["document"] or "（无文件）",
        state,
    )


def _brief(meaning: str) -> str:
    """A fact's meaning without the remark on its values."""
    return meaning.split("；")[0]


def row_ranges(numbers: list[int]) -> str:
    """Row numbers as a person reads them.

    >>> row_ranges([5, 2, 3, 4, 9])
    '2–5、9'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] + 1 == number:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return "、".join("–".join(str(number) for number in run) for run in runs)


def _all(connection: "duckdb.DuckDBPyConnection", query: str, *values: Any) -> list[dict[str, Any]]:
    done = connection.execute(query, list(values))
    columns = [column[0] for column in done.description or []]
    return [dict(zip(columns, row, strict=True)) for row in done.fetchall()]


def _one(connection: "duckdb.DuckDBPyConnection", query: str, *values: Any) -> dict[str, Any] | None:
    return next(iter(_all(connection, query, *values)), None)
