"""Why records are one person: told to a data officer, in bits and words.

Belongs here: finding what is asked about, masking, wording. Does not belong here: the evidence itself (`retrace`), and why a lead
was raised (`pipelines.assess.explain.explain`).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.contracts import Contract, load_contracts
from pipelines.errors import DataError, UsageError
from pipelines.linkage.config import load_config
from pipelines.linkage.decide.weights import current_model
from pipelines.linkage.lake import is_linked, person_records
from pipelines.linkage.review.retrace import Retraced, Weighed, retrace
from pipelines.masking import load_role, mask
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

METHODS = {
    "register": "户籍登记",
    "exact_id": "有效证号相同，姓名相符",
    "scored": "综合各项证据",
    "household": "同户的人先对上了这一户",
    "provisional": "户籍里找不到，暂立为一人",
    "unchanged": "与上一批次相同的记录，沿用原来的结果",
    "decided": "人工判断",
}
"""How a record came to its person, in words."""

FIELDS = {
    "name": "姓名",
    "identity": "证号、出生日期",
    "sex": "性别",
    "phone": "电话",
    "village": "镇街、村居",
    "address": "住址",
    "household": "同户的人",
    "age": "年龄",
}
"""Comparisons in words; a comparison that is not listed goes by its own name."""

_SEXES = {"1": "男", "2": "女"}
_RECORD = re.compile(r"([a-z][a-z0-9_]*)[:：](.+?)[:：](\d+)(?:[:：](\d+))?")
_SHOWN = 8
"""Most identities of one person that are explained one by one: the least certain ones."""
_NOTE = "证据以比特计：每多 1，是同一个人的可能性翻一倍；负数是反面的证据。"


@dataclass(frozen=True)
class _Row:
    """An identity of a source and the rows that say it."""

    record_id: int
    source: str
    file: str
    row_no: int
    member_no: int
    rows: int
    method: str
    probability: float
    person_id: str


def explain_person(home: Home, subject: str, role: str = "district") -> str:
    """Why a record is a person's, or which records are a person.

    Args:
        home: where the batches are.
        subject: a person's id, or a record as `source:file:row` or `source:file:row:member`.
        role: whose eyes it is for: district, town, village, public.

    Raises:
        DataError: there is no such person or record.
        UsageError: it is neither, or there is no such role.
    """
    load_role(role)
    subject = subject.strip()
    record = _RECORD.fullmatch(subject)
    if not record and not re.fullmatch(r"[Pp][0-9A-Za-z]{11}", subject):
        raise UsageError("请写人员编号（P 开头，共 12 位），或来源行 数据源:文件:行号[:成员]。")
    batches = [b for b in reversed(home.batches()) if is_linked(home, b)]
    contracts = load_contracts()
    if record:
        source, file, row_no, member = record.groups()
        where = f"source = '{source}' AND file = '{quoted(file)}' AND row_no = {row_no}"
        where += f" AND member_no = {member}" if member else ""
        for batch in batches:
            with home.connect() as connection:
                rows = _rows(connection, home, batch, where, source)
                if rows:
                    return _explained(connection, home, batch, rows, role, contracts)
        raise DataError(
            "找不到这一行。", where=subject, todo="数据源用英文键名；文件名和行号按对方文件里看到的写；有标题的行也算行号。"
        )
    return _person(home, subject.upper(), role, batches, contracts)


def _person(home: Home, person: str, role: str, batches: Sequence[str], contracts: Mapping[str, Contract]) -> str:
    head: list[str] = []
    if batches:
        with home.connect() as connection:
            alias = f"read_parquet('{quoted(home.lake(batches[0], 'linkage', 'person_alias'))}')"
            rows = connection.execute(f"SELECT old_person_id, person_id, batch, reason FROM {alias}").fetchall()
        became = {old: rest for old, *rest in rows}
        while person in became:
            survivor, since, reason = became.pop(person)
            head.append(f"{person} 在批次 {since} 并入 {survivor}（{reason}）；以下说明 {survivor}。")
            person = survivor
    for batch in batches:
        with home.connect() as connection:
            found = _rows(connection, home, batch, f"person_id = '{person}'")
            if found:
                return "\n".join([*head, _explained(connection, home, batch, found, role, contracts)])
    raise DataError(f"没有编号为 {person} 的人员。", todo="核对编号；也可能在还没有运行的批次里。")


def _rows(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, where: str, source: str | None = None) -> list[_Row]:
    """The identities that are asked about, each with its first row."""
    found = connection.execute(f"""
        SELECT min(record_id), source, arg_min(file, record_id), arg_min(row_no, record_id), arg_min(member_no, record_id),
            count(*), any_value(match_method), min(match_probability), person_id
        FROM {person_records(home, batch, source)} WHERE {where}
        GROUP BY source, identity_hash, person_id ORDER BY 1""").fetchall()
    return [_Row(*row) for row in found]


def _explained(
    connection: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    rows: Sequence[_Row],
    role: str,
    contracts: Mapping[str, Contract],
) -> str:
    config = load_config()
    model = current_model(home.root / "models", config)
    chosen = sorted(
        sorted(rows, key=lambda row: (row.method == "register", row.probability, row.record_id))[:_SHOWN], key=rows.index
    )
    found = retrace(
        connection, home, batch, [row.record_id for row in chosen], config=config, model=model, contracts=contracts
    )  # fmt: skip
    parts = []
    for person in dict.fromkeys(row.person_id for row in rows):
        parts += _headed(connection, home, batch, person, role)
        own = [row for row in rows if row.person_id == person]
        every = connection.execute("SELECT count(*) FROM person_records WHERE person_id = ?", [person]).fetchall()[0][0]
        told = sum(row.rows for row in own)
        parts.append(f"本批次的记录：{every} 行" + (f"，{len(own)} 种写法" if told == every else f"；以下是问到的 {told} 行"))
        for number, row in enumerate(own, 1):
            title = contracts[row.source].title if row.source in contracts else row.source
            more = f" 等 {row.rows} 行" if row.rows > 1 else ""
            member = f"，第 {row.member_no} 名成员" if row.member_no else ""
            how = METHODS.get(row.method, row.method)
            parts.append(f"\n{number}. {title}（{row.source}） {row.file} 第 {row.row_no} 行{member}{more}")
            sure = row.method in ("register", "decided", "provisional")
            parts.append(f"   归并方式：{how}" + ("" if sure else f"；概率 {_percent(row.probability)}"))
            if row in chosen:
                parts += _told(connection, found[row.record_id], row, role)
        if len(own) > len([row for row in own if row in chosen]):
            parts.append(f"\n只逐条说明了把握最小的 {_SHOWN} 种写法。")
    return "\n".join([*parts, "", _NOTE, f"归并模型：{model.name}（{_BASES.get(model.basis, model.basis)}）；批次 {batch}"])


_BASES = {"stated": "预设的权重", "learnt": "由数据学得的权重"}


def _headed(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, person: str, role: str) -> list[str]:
    """Who the person is, the ids that became this one, and how many records other months hold."""
    known = connection.execute(
        """SELECT name, sex, birth_date::VARCHAR, id_number, concat(town, village), provisional, first_batch
        FROM nearby WHERE person_id = ?""",
        [person],
    ).fetchall()
    name, sex, birth, number, place, provisional, first = known[0]
    said = [
        mask(name, "name", role) or "（姓名不显示）",
        _SEXES.get(sex, ""),
        birth_shown(birth, role),
        mask(number, "id_number", role),
        place,
    ]
    lines = [f"\n人员 {person}　{'　'.join(text for text in said if text)}"]
    lines.append(f"首次出现：批次 {first}；{'户籍里没有此人，暂立' if provisional else '户籍登记的人员'}")
    alias = f"read_parquet('{quoted(home.lake(batch, 'linkage', 'person_alias'))}')"
    for old, since, reason in connection.execute(
        f"SELECT old_person_id, batch, reason FROM {alias} WHERE person_id = ? ORDER BY ALL", [person]
    ).fetchall():
        lines.append(f"曾用编号 {old}：批次 {since} 并入（{reason}）")
    splits = home.lake(batch, "linkage", "person_splits")
    if splits.exists():
        for new, old, since, reason in connection.execute(
            f"FROM read_parquet('{quoted(splits)}') WHERE $1 IN (person_id, from_person_id) ORDER BY ALL", [person]
        ).fetchall():
            lines.append(
                f"批次 {since} 由 {old} 分出（{reason}）" if new == person else f"批次 {since} 有记录分出，成为 {new}（{reason}）"
            )
    for other in home.batches():
        if other != batch and is_linked(home, other):
            amount = connection.execute(
                f"SELECT count(*) FROM {person_records(home, other)} WHERE person_id = ?", [person]
            ).fetchall()
            if amount[0][0]:
                lines.append(f"批次 {other}：{amount[0][0]} 行")
    return lines


def _told(connection: "duckdb.DuckDBPyConnection", found: Retraced, row: _Row, role: str) -> list[str]:
    """A record's evidence: the person's, then the runner-up's."""
    own = next((c for c in found.candidates if c.person_id == row.person_id), None)
    others = [c for c in found.candidates if c.person_id != row.person_id]
    lines = []
    if found.began:
        lines.append("   此人由这条记录（或内容相同的记录）建立，没有可比的。")
    elif own is None:
        lines.append("   没有别的记录可以与它相比。")
    else:
        weighed = row.method not in ("exact_id", "decided")  # those are settled before anything is weighed
        lines += ["   " + line for line in _table(connection, found.record_id, own, role, found.prior, odds=weighed)]
    if row.method == "register":
        return lines
    if not others:
        lines.append("   没有别的人选。")
        return lines
    best = others[0]
    agreed = "；".join(f"{FIELDS.get(n, n)}：{level} {best.bits[n]:+.1f}" for n, level in best.levels.items())
    name = connection.execute("SELECT name FROM nearby WHERE person_id = ?", [best.person_id]).fetchall()[0][0]
    lines.append(f"   {'最像的已知人员' if found.began else '次优人选'} {best.person_id} {mask(name, 'name', role)}（{agreed}）")
    odds = "" if row.method in ("exact_id", "decided") else f"，概率 {_percent(best.probability)}"
    lines.append(f"   合计 {best.total:+.1f} 比特{odds}")
    if row.method == "decided":
        lines.append("   以人工判断为准。")
    elif not found.began and (own is None or best.total > own.total):
        lines.append("   按现有的数据重算，此人选更像，建议复核。")
    return lines


def _table(
    connection: "duckdb.DuckDBPyConnection", record: int, weighed: Weighed, role: str, prior: float, *, odds: bool
) -> list[str]:
    """One line per field: the record's value, what others say of the person, the level, the bits."""
    left, right = said_of_records(connection, role)[record], said_of_persons(connection, role)[record, weighed.person_id]
    lines = [("项目", "这条记录", "此人（别的记录所说）", "比较结果", "证据")]
    for name, level in weighed.levels.items():
        lines.append((FIELDS.get(name, name), left.get(name, ""), right.get(name, ""), level, f"{weighed.bits[name]:+.1f}"))
    lines.append(("合计", "", "", "", f"{weighed.total:+.1f}"))
    widths = [min(max(_width(line[column]) for line in lines), 66) for column in range(4)]
    shown = ["  ".join(_padded(text, width) for text, width in zip(line, [*widths, 0], strict=True)).rstrip() for line in lines]
    needed = f"随便一个人起点 {prior:.1f}，加上证据 {weighed.total + prior:+.1f}"
    return [*shown, needed + (f"；概率 {_percent(weighed.probability)}" if odds else "")]


def said_of_records(connection: "duckdb.DuckDBPyConnection", role: str) -> dict[int, dict[str, str]]:
    """The retraced records' values, masked, by record and comparison."""
    rows = connection.execute(
        """SELECT s.record_id, name, id_number, CASE WHEN NOT coalesce(birth_date_from_id, false) THEN birth_date::VARCHAR END,
            sex, phone, town, village, address, born_from FROM profile JOIN subject AS s USING (profile)"""
    ).fetchall()
    return {record: _masked([row], role) for record, *row in rows}


def said_of_persons(connection: "duckdb.DuckDBPyConnection", role: str) -> dict[tuple[int, str], dict[str, str]]:
    """What others said of each candidate of each retraced record, masked, by comparison; two writings at most of each."""
    rows = connection.execute(
        """SELECT DISTINCT s.record_id, e.person_id,
            coalesce(p.name, f.name), f.id, try_strptime(f.birth::VARCHAR, '%Y%m%d')::DATE::VARCHAR,
            f.sex, f.phone, f.town, f.village, f.address, NULL
        FROM pair_face AS f JOIN pair AS q ON q.r = f.eid JOIN unit_profile AS u ON u.unit = q.l
        JOIN subject AS s USING (profile) JOIN entity AS e ON e.eid = q.eid
        LEFT JOIN nearby AS p ON p.person_id = e.person_id AND replace(p.name, '·', '') = f.name
        ORDER BY ALL"""
    ).fetchall()
    said: dict[tuple[int, str], list[Sequence[str | None]]] = {}
    for record, person, *row in rows:
        said.setdefault((record, person), []).append(row)
    return {key: _masked(several, role) for key, several in said.items()}


def _masked(rows: Sequence[Sequence[str | None]], role: str) -> dict[str, str]:
    """Rows of name, id, birth date, sex, phone, town, village, address, year of birth by age → text by comparison."""

    def joined(texts: Sequence[str]) -> str:
        distinct = [text for text in dict.fromkeys(texts) if text]
        return "、".join(distinct[:2]) + (" 等" if len(distinct) > 2 else "")

    return {
        "name": joined([mask(row[0], "name", role) for row in rows]),
        "identity": joined(
            [" ".join(t for t in (mask(row[1], "id_number", role), birth_shown(row[2], role)) if t) for row in rows]
        ),
        "sex": joined([_SEXES.get(row[3] or "", "") for row in rows]),
        "phone": joined([mask(row[4], "phone", role) for row in rows]),
        "village": joined([f"{row[5] or ''}{row[6] or ''}" for row in rows]),
        "address": joined([mask(row[7], "address", role) for row in rows]),
        "age": joined([f"{row[8]}年或次年生" if row[8] else "" for row in rows]),
    }


def birth_shown(date: str | None, role: str) -> str:
    """A birth date: whole where ids are whole, else the month, the year, or nothing: it stands in the middle of an id."""
    if not date:
        return ""
    kept = {"full": 10, "first6_last4": 7, "last4": 4, "none": 0}[load_role(role).id_number]
    return date[:kept] + {7: "-**", 4: "-**-**"}.get(kept, "")


def _percent(probability: float) -> str:
    """A probability with the digits that matter: never 100 % of what is not certain."""
    if probability >= 1:
        return "接近 1"
    return f"{probability:.6f}".rstrip("0") if probability > 0.999 else f"{probability:.4f}"


def _width(text: str) -> int:
    """Columns that a terminal needs: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * max(width - _width(text), 0)
