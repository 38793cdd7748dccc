"""Worklists: what a town's caseworkers take with them, one CSV and one XLSX per town, and a manifest.

Belongs here: which leads go on which list and what each cell says. Does not belong here: which leads there are
(`pipelines.assess.leads.leads`), how a sheet is drawn (`workbook`), how answers come back (`pipelines.returns`).

The folder is whole or absent: lists of two runs are never mixed. A lead says 疑似 and what must be asked; never that anybody
is entitled (民发〔2021〕57号 第二十八条). Children's leads are in files of their own (民发〔2019〕62号：不公示).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.assess.rules.catalogue import load_catalogue
from pipelines.linkage.lake import persons
from pipelines.masking import mask
from pipelines.month import as_of
from pipelines.progress import Reporter
from pipelines.publish.archive import pack
from pipelines.publish.cells import one_line
from pipelines.publish.list_files import MANIFEST, file_word, sha256, whole_folder, write_csv, write_manifest
from pipelines.publish.visit_forms import Forms, write_forms, write_overview
from pipelines.publish.visit_policy import load_visit_sheet
from pipelines.publish.workbook import Guide, add_list, code_range, open_workbook
from pipelines.publish.worklist_policy import WorklistPolicy, load_worklist_policy, outcome_choices
from pipelines.storage import SCHEMAS, Home, check_batch, quoted

if TYPE_CHECKING:
    import duckdb
    import polars as pl

NO_TOWN = "镇街不详"

_SQL = Path(__file__).with_name("worklists.sql").read_text(encoding="utf-8")
_VISITS = Path(__file__).with_name("visit_sheet.sql").read_text(encoding="utf-8")
_BENEFITS = {
    "on_dibao": "低保",
    "on_tekun": "特困",
    "on_edge": "低保边缘",
    "on_rigid": "刚性支出困难家庭",
    "living_subsidy": "困难残疾人生活补贴",
    "nursing_subsidy": "重度残疾人护理补贴",
}
"""The person facts that say what somebody has already, and its name on the list."""

_STEPS = (
    "每行是一户需要核实的疑似线索，不是认定；能不能享受政策，要经本人申请、入户调查和审核确认。",
    "按“建议时限”先后走访；红色和急难的最先。入户核查要有两人。",
    "只填绿色表头的列；其余的列已锁定，可以筛选。要排序、移动行列的，先撤销工作表保护（没有密码）；“线索编号”不要改。",
    "“核查结果码”从下拉列表里选，一户一个；代码的含义见下表。转办的，在“转办部门”写部门。",
    "“收入要问”有话的，问清后在“收入答复（元）”写近12个月的总数；没有写 0，问不出来留空。下月按答复计算。",
    "日期写成 2026-11-05。家庭人口、关系与实际不符的选 E5，证号、金额等数据有误的选 E6，并在“备注”里写明哪里不对。",
    "填好后另存原格式（XLSX 或 CSV），交回区里。没有核查的行留空即可，下月会再列出。",
    "内部资料，含个人信息：不外传，不公示，用完收回或销毁。",
)


def write_worklists(home: Home, batch: str, reporter: Reporter, *, per_village: bool | None = None) -> dict[str, int | float]:
    """Write `worklists/<batch>/`: a CSV and an XLSX per town, children's leads apart, and `manifest.csv`.

    A household that is registered in another town than it lives in is copied to that town's list of copies (抄送).

    Args:
        home: where.
        batch: which month.
        reporter: told what is being done.
        per_village: one list per village instead of one per town; None is as the policy says.

    Returns:
        counts: leads, children, copies, towns, files.

    Raises:
        DataError: the disk is full, or a list must be encrypted and there is no password; the earlier folder is as it was.
    """
    check_batch(batch)
    policy = load_worklist_policy()
    reporter.start("走访清单：整理线索")
    rows = lead_rows(home, batch, policy, "held_back IS NULL", forms=True)
    by_village = policy.per == "village" if per_village is None else per_village
    lists = list(_lists(rows, batch, policy, per_village=by_village))
    reporter.start("走访清单：写文件", len(lists))
    manifest: list[tuple[str, int, str]] = []
    with whole_folder(home.worklists(batch)) as folder:
        for name, child, part in lists:
            paths = [
                write_csv(folder / f"{name}.csv", policy, part),
                _write_xlsx(folder / f"{name}.xlsx", policy, part, batch, name),
            ]
            if policy.archive == "all" or (policy.archive == "children" and child):
                paths = [pack(folder / f"{name}.zip", paths)]
            manifest += [(path.name, part.height, sha256(path)) for path in paths]
            reporter.advance()
        write_manifest(folder / MANIFEST, manifest)
    return {
        "leads": rows.height,
        "children": int(rows["child"].sum()),
        "copies": sum(part.height for name, _, part in lists if "抄送" in name),
        "towns": rows["town"].n_unique(),
        "files": len(manifest),
    }


def lead_rows(
    home: Home, batch: str, policy: WorklistPolicy, which: str, role: str | None = None, *, forms: bool = False
) -> "pl.DataFrame":
    """One row per lead as text, in the order of the lists: the policy's columns that are not answers, child and register_town.

    Args:
        home: where.
        batch: which month.
        policy: the worklist's; its columns are what the SQL gives.
        which: an SQL condition on `assess/leads`.
        role: who will see it; the policy's own role if None.
        forms: with what a visit form says beside the list: who, why (a list), headline, papers, road, door.
    """
    import polars as pl

    with home.connect() as connection:
        _read(connection, home, batch, policy, which, role or policy.role)
        connection.execute(_SQL)
        if forms:
            connection.execute(_VISITS)
        rows: pl.DataFrame = connection.sql(
            f"FROM {'visit_row' if forms else 'worklist_row'} ORDER BY town, level_order, due_order, village, grid, lead_id"
        ).pl()
    facts = [name for name, column in policy.columns.items() if not column.answer] + (
        ["who", "headline", "papers"] if forms else []
    )
    return rows.with_columns(one_line(pl.col(name).fill_null("")).alias(name) for name in facts)


def _read(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, policy: WorklistPolicy, which: str, role: str) -> None:
    """Make the tables that worklists.sql starts from; only the persons on the lists leave the Parquet files."""

    def lake(stage: str, table: str) -> str:
        return f"read_parquet('{quoted(home.lake(batch, stage, table))}')"

    connection.execute(
        "CREATE TABLE setting AS SELECT $batch AS batch, $as_of::DATE AS as_of, "
        "$as_of::DATE - to_years($years::INTEGER) AS child_from",
        {"batch": batch, "as_of": as_of(batch), "years": policy.child_under},
    )
    connection.execute(f"CREATE TABLE lead AS FROM {lake('assess', 'leads')} WHERE {which}")
    connection.execute(
        "CREATE TABLE finding AS SELECT f.* EXCLUDE (inputs), list_distinct(inputs->>'$.records[*][0]') AS sources "
        f"FROM {lake('assess', 'findings')} AS f "
        "SEMI JOIN lead USING (household_id, direction)"
    )
    connection.execute(f"CREATE TABLE rule AS SELECT rule_id, title, law, question FROM {lake('assess', 'rules')}")
    connection.execute(f"CREATE TABLE household AS FROM {lake('households', 'households')} SEMI JOIN lead USING (household_id)")
    connection.execute(
        f"CREATE TABLE member AS SELECT household_id, person_id, relation FROM {lake('households', 'members')} "
        "SEMI JOIN lead USING (household_id)"
    )
    connection.execute(
        "CREATE TABLE wanted AS SELECT person_id FROM finding WHERE person_id IS NOT NULL "
        "UNION SELECT head_person_id FROM household UNION SELECT person_id FROM member"
    )
    connection.execute(
        "CREATE TABLE person AS SELECT person_id, name, id_number, sex, birth_date, phone, address "
        f"FROM {persons(home, batch)} SEMI JOIN wanted USING (person_id)"
    )
    _mask_persons(connection, role)
    _read_benefits(connection, home, batch)
    _read_income_questions(connection, home, batch)
    connection.execute("CREATE TABLE missing_name (name VARCHAR, meaning VARCHAR)")
    catalogue = load_catalogue()
    for (name,) in connection.execute("SELECT DISTINCT unnest(missing) FROM finding").fetchall():
        # What follows a semicolon in a fact's meaning is for whoever writes rules.
        connection.execute("INSERT INTO missing_name VALUES (?, ?)", [name, catalogue.describe(name).split("；")[0]])
    connection.execute("CREATE TABLE outcome_label (code VARCHAR, label VARCHAR)")
    for code, outcome in load_outcomes().items():
        connection.execute("INSERT INTO outcome_label VALUES (?, ?)", [code, outcome.label])
    sheet = load_visit_sheet()
    connection.execute("CREATE TABLE paper (source VARCHAR, paper VARCHAR, position INTEGER)")
    papers = [("", paper) for paper in sheet.always] + list(sheet.papers.items())
    for position, (source, paper) in enumerate(papers):
        connection.execute("INSERT INTO paper VALUES (?, ?, ?)", [source, paper, position])
    relations = quoted(SCHEMAS / "codes" / "relation.csv")
    connection.execute(f"CREATE TABLE relation_label AS SELECT value, label FROM read_csv('{relations}', all_varchar = true)")
    connection.execute("CREATE TABLE word (kind VARCHAR, code VARCHAR, text VARCHAR)")
    for kind, words in policy.words.items():
        for code, text in words.items():
            connection.execute("INSERT INTO word VALUES (?, ?, ?)", [kind, code, text])


def _mask_persons(connection: "duckdb.DuckDBPyConnection", role: str) -> None:
    """The table `shown`: what the lists' role may see of each person on them."""
    import polars as pl

    persons = connection.sql("SELECT person_id, name, id_number, phone, address FROM person").pl()
    shown = persons.with_columns(
        persons[kind].replace_strict(
            {value: mask(value, kind, role) for value in persons[kind].drop_nulls().unique()}, default="", return_dtype=pl.String
        )
        for kind in ("name", "id_number", "phone", "address")
    )
    connection.register("shown_frame", shown.to_arrow())
    connection.execute("CREATE TABLE shown AS FROM shown_frame")
    connection.unregister("shown_frame")


def _read_benefits(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """The table `benefit`: what each member of the listed households has already, by the person facts."""
    listed = ", ".join(f"CASE WHEN {fact} THEN '{name}' END" for fact, name in _BENEFITS.items())
    path = home.lake(batch, "assess", "person_fact")
    if path.exists():
        connection.execute(
            f"CREATE TABLE benefit AS SELECT person_id, list_filter([{listed}], lambda b: b IS NOT NULL) AS benefits "
            f"FROM read_parquet('{quoted(path)}') "
            "SEMI JOIN (SELECT person_id FROM member UNION FROM wanted) AS w USING (person_id)"
        )
    else:
        connection.execute("CREATE TABLE benefit (person_id VARCHAR, benefits VARCHAR[])")


def _read_income_questions(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """The table `income_question`: what would close a listed household's income, as a visitor asks it; it names nobody."""
    connection.execute("CREATE TABLE income_question (household_id VARCHAR, question VARCHAR)")
    path = home.lake(batch, "assess", "household_income")
    if path.exists():
        connection.execute(
            "INSERT INTO income_question SELECT household_id, next_question "
            f"FROM read_parquet('{quoted(path)}') SEMI JOIN lead USING (household_id) WHERE next_question IS NOT NULL"
        )


def _lists(
    rows: "pl.DataFrame", batch: str, policy: WorklistPolicy, *, per_village: bool
) -> Iterator[tuple[str, bool, "pl.DataFrame"]]:
    """File name (without its ending), whether it is about children, and rows of each list, in the order of names."""
    import polars as pl

    rows = rows.with_columns(pl.when(pl.col("town") == "").then(pl.lit(NO_TOWN)).otherwise("town").alias("town_name"))
    keys = ["town_name", "village", "child"] if per_village else ["town_name", "child"]
    parts = [(key, part, "") for key, part in rows.partition_by(keys, as_dict=True, maintain_order=True).items()]
    copied = rows.filter(pl.col("register_town").is_not_null() & (pl.col("register_town") != pl.col("town_name")))
    parts += [
        (key, part, "抄送_")
        for key, part in copied.partition_by(["register_town", "child"], as_dict=True, maintain_order=True).items()
    ]
    named = []
    for key, part, kind in parts:
        place = "_".join(file_word(str(word) or "村居不详") for word in key[:-1])
        named.append((f"{batch}_{place}_{'儿童_' if key[-1] else ''}{kind}{policy.file_name}", bool(key[-1]), part))
    yield from sorted(named, key=lambda one: one[0])


def _write_xlsx(path: Path, policy: WorklistPolicy, part: "pl.DataFrame", batch: str, name: str) -> Path:
    import polars as pl

    columns = [pl.lit("").alias(key) if column.answer else pl.col(key) for key, column in policy.columns.items()]
    walk = part.sort("level_order", "village", "grid", "road", "door", "lead_id", nulls_last=True).to_dicts()
    levels = part["level"].value_counts(sort=True, name="count").rows()
    word = name.removeprefix(f"{batch}_").removesuffix(f"_{policy.file_name}").replace("_", " ")
    guide = Guide(
        title=f"{batch} {word} {policy.title}",
        facts=[
            ("批次", batch),
            ("数据截至", part["as_of"][0]),
            ("线索（户）", str(part.height)),
            ("其中", "，".join(f"{level} {count} 户" for level, count in levels)),
            ("最早的建议时限", min(part["due_date"])),
        ],
        steps=_STEPS,
        codes={policy.columns["outcome"].heading: outcome_choices()},
    )
    sheet = load_visit_sheet()
    with open_workbook(path, guide.title, policy.footer) as book:
        forms = Forms(
            title=guide.title, overview=sheet.overview, sheet=sheet.title, batch=batch, footer=policy.footer,
            reasons=sheet.reasons, codes=outcome_choices(), code_range=code_range(guide, policy.columns["outcome"].heading),
        )  # fmt: skip
        write_overview(book, forms, walk)
        write_forms(book, forms, policy, walk)
        add_list(book, policy, part.select(columns).iter_rows(), guide, batch=batch, shade="level")
    return path
