"""How well records were linked: against a truth, or, with none, what the hidden ids say.

Belongs here: counting pairs and records that were joined rightly, wrongly or not at all. Does not belong here: the truth itself
(`pipelines.sample`, or whoever brings one) and findings (`pipelines.assess.measure.evaluate`).

Pairs weigh a person by the square of its records; B-cubed weighs each record alike. Both are given: a figure on pairs alone
hides a hundred lost children behind one person with a thousand bills.
"""

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import DataError
from pipelines.linkage.lake import is_linked, person_records, persons
from pipelines.linkage.measure.missed import missed_matches
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb
    import polars as pl

_BANDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)


@dataclass(frozen=True)
class LinkageEvaluation:
    """Figures of one batch.

    Attributes:
        overall: records, persons, pair precision, recall and F1, B-cubed precision and recall, share decided without review.
        by: for `source`, `defect` and `age`: records, B-cubed precision and recall.
        calibration: band of the stated probability, links in it, mean stated, share that are right.
        hidden_ids: what the stored model's training said of precision, recall and review, with no truth at all.
        missed: by source, in identities that no exact id settled: expected matches among the candidates, how many were linked,
            how many matches no key found (`captured`), the matches missed for either reason; with a truth, those really missed.
    """

    overall: dict[str, float]
    by: dict[str, "pl.DataFrame"] = field(default_factory=dict)
    calibration: "pl.DataFrame | None" = None
    hidden_ids: dict[str, float] = field(default_factory=dict)
    missed: "pl.DataFrame | None" = None

    def __str__(self) -> str:
        """Plain tables."""
        import polars as pl

        names = {"source": "各数据源", "defect": "各类差错", "age": "各年龄段"}
        parts = []
        if self.overall:
            parts.append("归并：与真值对照\n" + "\n".join(f"  {key}\t{_number(value)}" for key, value in self.overall.items()))
        with pl.Config(
            tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, float_precision=5, fmt_str_lengths=60,
            tbl_width_chars=160,
        ):  # fmt: skip
            parts += [f"{names[name]}（B-cubed）\n{_headed(table)}" for name, table in self.by.items()]
            if self.calibration is not None:
                parts.append(f"给出的概率与实际\n{_headed(self.calibration)}")
            if self.missed is not None:
                parts.append(f"漏掉的估计（由各类候选键互相印证，不用真值；是下限）\n{_headed(_whole(self.missed))}")
        if self.hidden_ids:
            said = "\n".join(f"  {_HIDDEN.get(key, key)}\t{_number(value)}" for key, value in self.hidden_ids.items())
            parts.append(f"没有真值时：隐藏有效证号后重新归并，再与证号对照（训练时所得）\n{said}")
        return "\n\n".join(parts)


_HEADS = {
    "source": "数据源", "defect": "差错", "age": "年龄段", "records": "记录", "precision": "准确率", "recall": "召回率",
    "band": "给出的概率", "links": "归并数", "stated": "平均概率", "right": "实际正确",
    "open_identities": "证号未能直接认定的身份", "found": "候选里应有的", "linked": "已归并的", "never_found": "候选键没找到的",
    "missed": "估计漏掉", "really_missed": "实际漏掉",
}  # fmt: skip
"""What the columns are called for people."""
_HIDDEN = {
    "hidden": "隐藏的证号", "precision": "准确率，至少", "precision_at_most": "准确率，至多", "recall": "召回率",
    "review": "要问人的", "doubtful_ids": "证号本身可能靠不住的",
}  # fmt: skip
"""The same for what training said of itself: an id that is nobody's in the register may be a listed person's other one."""


def _headed(table: "pl.DataFrame") -> "pl.DataFrame":
    return table.rename({column: _HEADS.get(column, column) for column in table.columns})


def _whole(table: "pl.DataFrame") -> "pl.DataFrame":
    """Expected numbers of people as people read them."""
    import polars.selectors as cs

    return table.with_columns(cs.float().round(0).cast(int))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and value > 1 else f"{value:.5f}"


def evaluate_linkage(home: Home, batch: str, truth: Path | None) -> LinkageEvaluation:
    """Hold a batch's persons against a truth, or, with none, give the estimate from hidden ids.

    Args:
        home: where the batch is.
        batch: a month that was linked.
        truth: folder with `person_record.parquet` (batch, source, file, row_no, member_no, true_person) and, where it is known
            what was done to a row, `defect.parquet` (batch, source, file, row_no, member_no, defect).

    Raises:
        DataError: the batch was not linked, or the truth is not there or speaks of other rows.
    """
    if not is_linked(home, batch):
        raise DataError(f"批次 {batch} 还没有归并，不能评价。", where=str(home.root), todo="先运行该批次。")
    hidden = hidden_id_estimate(home)
    if truth is None:
        return LinkageEvaluation({}, hidden_ids=hidden, missed=_missed(home, batch))
    rows = truth / "person_record.parquet"
    if not rows.exists():
        raise DataError("没有 person_record.parquet，不能评价。", where=str(truth), todo="真值由 zhudong sample 写在 truth/ 里。")
    with home.connect() as connection:
        sql = Path(__file__).with_name("evaluate.sql").read_text(encoding="utf-8")
        for statement in sql.format(records=person_records(home, batch), truth=quoted(rows)).split(";\n"):
            if statement.strip():
                connection.execute(statement, {"batch": batch} if "$batch" in statement else {})
        if not _one(connection, "SELECT count(*) FROM judged")[0]:
            raise DataError("真值里没有这个批次的任何一行。", where=f"批次 {batch}", todo="检查真值文件夹是否对应这个批次。")
        overall = _overall(connection, home, batch)
        by = {"source": _by(connection, "source", "b_cubed"), "age": _by(connection, "age", _with_age(home, batch))}
        if (truth / "defect.parquet").exists():
            defects = f"""(SELECT b.*, d.defect FROM b_cubed b JOIN (
                SELECT * FROM read_parquet('{quoted(truth / "defect.parquet")}') WHERE batch = '{batch}') d
                USING (source, file, row_no, member_no))"""
            by["defect"] = _by(connection, "defect", defects)
        really = connection.execute("SELECT source, identities FROM gone_astray ORDER BY source").fetchall()
        calibration = _calibration(connection)
    return LinkageEvaluation(overall, by, calibration, hidden, _missed(home, batch, dict(really)))


def _missed(home: Home, batch: str, really: dict[str, int] | None = None) -> "pl.DataFrame | None":
    """The estimate of missed links by source and altogether, beside the real number where a truth gave it."""
    import polars as pl

    estimated = missed_matches(home, batch)
    if estimated is None:
        return None
    table = estimated.by_source.select(
        "source",
        "open_identities",
        "found",
        "linked",
        never_found="missed",
        missed=pl.col("found") - pl.col("linked") + pl.col("missed"),
    )
    if really is not None:
        table = table.with_columns(really_missed=pl.col("source").replace_strict(really, default=0, return_dtype=pl.Int64))
    sums = [pl.lit("合计").alias("source"), *(pl.col(column).sum() for column in table.columns[1:])]
    return pl.concat([table, table.select(sums)]).with_columns(pl.col("found", "linked", "never_found", "missed").round(1))


def _one(connection: "duckdb.DuckDBPyConnection", query: str) -> tuple[float, ...]:
    row: tuple[float, ...] = connection.execute(query).fetchall()[0]
    return row


def _overall(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> dict[str, float]:
    """Pair and record figures; a pair is two records, n (n - 1) / 2 of them in a group of n."""
    both, joined, true = (
        _one(connection, f"SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM {table}")[0]
        for table in ("cell", "cluster", "true_cluster")
    )
    records, precision, recall = _one(connection, "SELECT count(*), avg(record_precision), avg(record_recall) FROM b_cubed")
    review = _one(
        connection, f"SELECT count(DISTINCT record_id) FROM read_parquet('{quoted(home.lake(batch, 'linkage', 'match_review'))}')"
    )[0]
    pair_precision, pair_recall = both / joined if joined else 1.0, both / true if true else 1.0
    return {
        "记录": records,
        "人员": _one(connection, "SELECT count(*) FROM cluster")[0],
        "真实人员": _one(connection, "SELECT count(*) FROM true_cluster")[0],
        "成对准确率": pair_precision,
        "成对召回率": pair_recall,
        "成对 F1": 2 * pair_precision * pair_recall / (pair_precision + pair_recall) if pair_precision + pair_recall else 0.0,
        "B-cubed 准确率": precision,
        "B-cubed 召回率": recall,
        "未经人工即已决定": 1 - review / records,
    }


def _by(connection: "duckdb.DuckDBPyConnection", column: str, table: str) -> "pl.DataFrame":
    counted: pl.DataFrame = connection.sql(f"""
        SELECT {column}, count(*) AS records, avg(record_precision) AS "precision", avg(record_recall) AS recall
        FROM {table} GROUP BY {column}
        ORDER BY try_cast(regexp_extract({column}, '^[0-9]+') AS INTEGER) NULLS LAST, {column} -- ages by age, names by name
    """).pl()
    return counted


def _with_age(home: Home, batch: str) -> str:
    """Each record with the age band of the person it was given to, on the batch's last day."""
    age = f"date_diff('year', p.birth_date, last_day(DATE '{batch}-01'))"
    return f"""(SELECT b.*, CASE WHEN p.birth_date IS NULL THEN '不明' WHEN {age} < 6 THEN '0–5' WHEN {age} < 18 THEN '6–17'
                          WHEN {age} < 60 THEN '18–59' WHEN {age} < 80 THEN '60–79' ELSE '80–' END AS age
                FROM b_cubed b LEFT JOIN {persons(home, batch)} p USING (person_id))"""


def _calibration(connection: "duckdb.DuckDBPyConnection") -> "pl.DataFrame":
    """Of the links given a probability in a band, how many are right: the record's true person is the one its person is."""
    bands = " ".join(f"WHEN match_probability < {high} THEN '{low:g}–{high:g}'" for low, high in itertools.pairwise(_BANDS))
    counted: pl.DataFrame = connection.sql(f"""
        SELECT CASE {bands} ELSE '1' END AS band, count(*) AS links, avg(match_probability) AS stated,
               avg((b.true_person = m.true_person)::INTEGER) AS "right"
        FROM b_cubed b JOIN majority m USING (person_id)
        WHERE match_method NOT IN ('provisional') AND source <> 'police_household' AND match_probability IS NOT NULL
        GROUP BY 1 ORDER BY min(match_probability)
    """).pl()
    return counted


def hidden_id_estimate(home: Home) -> dict[str, float]:
    """What the current model's training said of itself, by ids that it was not shown; empty for a model of stated weights."""
    from pipelines.linkage.config import load_config
    from pipelines.linkage.decide.weights import current_model

    health = current_model(home.root / "models", load_config()).health or {}
    return {key: float(value) for key, value in health.items() if isinstance(value, int | float) and not isinstance(value, bool)}
