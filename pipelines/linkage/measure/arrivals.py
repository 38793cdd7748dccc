"""Whom the batch's files found: another month's or another district's file under this month's name brings strangers or old dates.

Belongs here: per file, the share of rows that find a known person and the newest date, held against the source's last batch.
Does not belong here: what can be told before persons are known (`pipelines.extracts.compare`).

Only persons who are new are looked up, few against the rows; the rows are streamed once, two narrow columns and the dates.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

from pipelines.acceptance import Question, limits
from pipelines.contracts import Contract
from pipelines.extracts.ledger import read_ledger
from pipelines.extracts.months import event_columns
from pipelines.lake_tables import frame
from pipelines.linkage import lake
from pipelines.month import as_of, months_apart
from pipelines.progress import Reporter
from pipelines.standardise import columns
from pipelines.storage import Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

MONTHS = 12
"""The time over which a source's events are counted to know how many a month are usual (`recent`)."""


@dataclass(frozen=True)
class Arrival:
    """One file's rows (`file` empty: the whole source), as `arrivals` in schemas/lake/quality.sql declares them."""

    source: str
    file: str
    rows: int
    strangers: int
    dated: int
    newest: dt.date | None
    recent: int = 0

    @property
    def known(self) -> float:
        """The share of rows that find a person who was known."""
        return 1 - self.strangers / self.rows if self.rows else 1.0


@dataclass
class Arrivals:
    """What was measured of every file, what is worth a warning, and what stops the batch until somebody accepts it."""

    measured: list[Arrival]
    warnings: dict[str, list[str]] = field(default_factory=dict)
    questions: dict[str, list[Question]] = field(default_factory=dict)

    def counts(self) -> dict[str, int | float]:
        """For plotting."""
        rows = sum(one.rows for one in self.measured)
        return {
            "files": len(self.measured),
            "rows": rows,
            "strangers": sum(one.strangers for one in self.measured),
            "warnings": sum(map(len, self.warnings.values())),
            "doubts": sum(map(len, self.questions.values())),
        }


def check_arrivals(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> Arrivals:
    """Measure whom the batch's files found and hold it against each source's last batch; writes `quality/arrivals.parquet`.

    Raises:
        DataError: the batch has not been linked.
    """
    reporter.start("核对来人", len(contracts))
    first = not any(lake.is_linked(home, month) for month in home.earlier_batches(batch))
    measured: list[Arrival] = []
    with home.connect() as connection:
        new = "provisional" if first else f"first_batch = '{batch}'"
        connection.execute(
            f"""CREATE TEMP TABLE stranger AS SELECT DISTINCT identity_hash FROM {lake.identities(home, batch)}
            SEMI JOIN (SELECT person_id FROM {lake.persons(home, batch)} WHERE {new}) USING (person_id)"""
        )
        for source, contract in contracts.items():
            path = home.lake(batch, "standardised", source)
            if path.exists():
                measured += [Arrival(source, *row) for row in connection.execute(_query(str(path), contract, batch)).fetchall()]
            reporter.advance()
        found = Arrivals(measured)
        _judge(found, home, batch, contracts)
        _write(connection, home, batch, found)
    return found


def _query(path: str, contract: Contract, batch: str) -> str:
    last = as_of(batch)
    dates = [name for name in event_columns(contract) if columns(contract).get(name) == "DATE"]
    listed = ", ".join(f'CASE WHEN "{name}" <= DATE \'{last}\' THEN "{name}" END' for name in dates)
    newest = f"greatest({listed})" if len(dates) > 1 else listed or "NULL::DATE"
    return f"""
        SELECT file, count(*), count(*) FILTER (identity_hash IN (FROM stranger)), count(day),
            approx_quantile(day, 0.99)::DATE, count(*) FILTER (day > DATE '{last}' - INTERVAL 1 YEAR)
        FROM (SELECT file, identity_hash, {newest} AS day FROM read_parquet('{quoted(path)}')) GROUP BY file ORDER BY file"""


def whole_source(arrivals: Sequence[Arrival]) -> Arrival | None:
    """All files of one source together."""
    if not arrivals:
        return None
    return Arrival(
        arrivals[0].source,
        "",
        sum(one.rows for one in arrivals),
        sum(one.strangers for one in arrivals),
        sum(one.dated for one in arrivals),
        max((one.newest for one in arrivals if one.newest), default=None),
        sum(one.recent for one in arrivals),
    )


def _judge(found: Arrivals, home: Home, batch: str, contracts: Mapping[str, Contract]) -> None:
    for source, contract in contracts.items():
        files = [one for one in found.measured if one.source == source]
        then, month = _last(home, batch, source)
        digests = {line.file: line.sha256 for line in read_ledger(home.lake(batch, "extracts", f"{source}.files"))}
        for one in files:
            said = _strangers(one, then, month, contract)
            if said:
                stops, sentence = said
                if stops:
                    content = digests.get(one.file, "")
                    asked = Question(batch, source, one.file, "strangers", content, sentence)
                    found.questions.setdefault(source, []).append(asked)
                else:
                    found.warnings.setdefault(source, []).append(sentence)
        older = _older(whole_source(files), then, batch, month, contract)
        if older:
            found.warnings.setdefault(source, []).append(older)


def _strangers(one: Arrival, then: Arrival | None, month: str, contract: Contract) -> tuple[bool, str] | None:
    """Whether so many strangers stop the batch, and the sentence about them; None where there are not many."""
    if one.rows < limits().known_rows:
        return None
    usual = then is not None and then.rows >= limits().known_rows
    least = then.known - limits().known_drop_stop if then is not None and usual else limits().known_least_stop
    warn = then.known - limits().known_drop_warning if then is not None and usual else limits().known_least_warning
    if one.known >= warn:
        return None
    compared = f"，上次（{month}）是 {then.known:.0%}" if then is not None and usual else ""
    return (
        one.known < least,
        f"{contract.title}：{one.file} 的 {one.rows:,} 行里只有 {one.known:.0%} 是原来就知道的人{compared}；"
        f"{one.strangers:,} 行是新出现的人。可能是别的月份或别的地区的文件。",
    )


def _older(now: Arrival | None, then: Arrival | None, batch: str, month: str, contract: Contract) -> str | None:
    """A sentence about dates that end earlier before the batch's end than last time's did.

    Only where so many new ones were to be expected that none at all is no accident: a small district marries no one for months.
    """
    if now is None or then is None or now.newest is None or then.newest is None:
        return None
    behind, usual = months_apart(now.newest, as_of(batch)), months_apart(then.newest, as_of(month))
    longer = behind - usual
    if longer < limits().months_older or usual >= MONTHS or longer * then.recent / (MONTHS - usual) < limits().events_missed:
        return None
    return (
        f"{contract.title}：最新的日期是 {now.newest:%Y年%m月}，离批次 {behind} 个月；上次（{month}）离 {usual} 个月。"
        "可能是以前月份的文件，请核对。"
    )


def _last(home: Home, batch: str, source: str) -> tuple[Arrival | None, str]:
    """The source as it was measured in the latest earlier batch that had it, and that batch."""
    import polars as pl

    for month in reversed(home.earlier_batches(batch)):
        path = home.lake(month, "quality", "arrivals")
        if path.exists():
            rows = pl.read_parquet(path).filter(pl.col("source") == source).drop("batch").rows()
            if rows:
                return whole_source([Arrival(*row) for row in rows]), month
    return None, ""


def _write(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, found: Arrivals) -> None:
    taken = [(batch, *astuple(one)) for one in found.measured]
    results = []
    for source in dict.fromkeys(one.source for one in found.measured):
        whole = whole_source([one for one in found.measured if one.source == source])
        assert whole is not None
        then, _ = _last(home, batch, source)
        drop, least = (limits().known_drop_warning, limits().known_least_warning)
        expected = then.known - drop if then is not None and then.rows >= limits().known_rows else least
        passed = source not in found.questions and source not in found.warnings
        severity = "critical" if source in found.questions else "warning"
        said = "；".join([*(one.what for one in found.questions.get(source, [])), *found.warnings.get(source, [])])
        text = said or "能对上原来就知道的人的行的比例"
        results.append((batch, source, "known_share", "", severity, passed, whole.known, expected, None, text))
    for table, declared, rows in (("arrivals", "arrivals", taken), ("arrival_results", "results", results)):
        connection.register("written", frame("quality", declared, rows).to_arrow())
        write_parquet(connection, "FROM written", home.lake(batch, "quality", table))
        connection.unregister("written")
