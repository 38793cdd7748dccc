"""A synthetic district: chunk by chunk from people to files, with the truth beside them.

Belongs here: the order of the work. Does not belong here: any of the work.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.progress import Reporter
from pipelines.sample import defects, events, households, lives, sources
from pipelines.sample.files import SourceFiles
from pipelines.sample.households import Columns, Plan
from pipelines.sample.month import Month
from pipelines.storage import check_batch


def write_district(
    folder: Path, persons: int, seed: int, batches: Sequence[str], reporter: Reporter, channel: Path | None = None
) -> dict[str, int]:
    """Write a district's extracts and their truth.

    Args:
        folder: gets `<batch>/<source>/…` as a drop folder has it, and `truth/`.
        persons: about how many people.
        seed: the same seed, persons and batches give the same bytes.
        batches: months `YYYY-MM`, following each other.
        reporter: told about chunks.
        channel: a file of the shape of `schemas/sample/defects.yaml` whose rates replace the declared ones.

    Returns:
        rows written per source, over all batches, and `persons`.

    Raises:
        UsageError: a batch is not a month.
    """
    plan = Plan(persons, seed, tuple(check_batch(batch) for batch in batches), str(channel) if channel else None)
    counts: dict[str, int] = {}
    truth = folder / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    records, spoilt = _Table(truth / "person_record.parquet"), _Table(truth / "defect.parquet")
    reporter.start(f"生成模拟数据：{persons:,} 人，{len(batches)} 个批次", plan.chunks * len(batches))
    for number, batch in enumerate(plan.batches):
        files = {source: SourceFiles(folder / batch / source, source, batch, persons, seed) for source in sources.SOURCES}
        for chunk in range(plan.chunks):
            month = month_of_chunk(plan, chunk, number)
            if number == 0:
                counts["persons"] = counts.get("persons", 0) + len(month.people["birth"])
            for source, rows in sources.all_sources(month).items():
                sent, log = defects.damage(source, rows, month, plan.channel)
                where = files[source].append(sent)
                counts[source] = counts.get(source, 0) + len(sent)
                records.append(_whose(sent, where, batch, source, chunk))
                spoilt.append(_done_to(log, where, batch, source))
            reporter.advance()
        for one in files.values():
            one.close()
    records.close()
    spoilt.close()
    return counts


def month_of_chunk(plan: Plan, chunk: int, number: int) -> Month:
    """The world of one chunk as of batch `number`: made anew each time from (seed, chunk), so that chunks are independent."""
    rng = np.random.default_rng([plan.seed, chunk])
    people = households.build(plan, chunk, rng)
    lives.live(people, plan, rng)
    settled = events.settlements(people, plan, rng)
    married = events.marriages(people, plan, rng)
    return Month(people, settled, married, plan.months()[number], number, chunk, plan.seed)


def true_person(chunk: int, who: pl.Expr) -> pl.Expr:
    """The name of a person in the truth."""
    return pl.format("T{}{}", pl.lit(f"{chunk:04d}"), who.cast(pl.String).str.zfill(7))


def _whose(rows: pl.DataFrame, where: pl.DataFrame, batch: str, source: str, chunk: int) -> pl.DataFrame:
    """One line per row and member: whose it is."""
    members = [name for name in rows.columns if name.startswith("who_")]
    parts = []
    for name in members:
        part = pl.concat([where, rows.select(pl.col(name).alias("who"))], how="horizontal").filter(pl.col("who") >= 0)
        parts.append(part.with_columns(member_no=pl.lit(int(name.removeprefix("who_")), dtype=pl.Int8)))
    return pl.concat(parts).select(
        batch=pl.lit(batch),
        source=pl.lit(source),
        file="file",
        row_no="row_no",
        member_no="member_no",
        true_person=true_person(chunk, pl.col("who")),
    )


def _done_to(log: pl.DataFrame, where: pl.DataFrame, batch: str, source: str) -> pl.DataFrame:
    """One line per defect: where it is."""
    return pl.concat([where[log["at"].to_numpy()], log], how="horizontal").select(
        batch=pl.lit(batch), source=pl.lit(source), file="file", row_no="row_no", member_no="member_no", defect="defect"
    )


class _Table:
    """A truth table, appended to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def append(self, rows: pl.DataFrame) -> None:
        """Add rows."""
        import pyarrow.parquet as pq

        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


__all__ = ["Columns", "month_of_chunk", "true_person", "write_district"]
