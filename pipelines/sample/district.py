"""A synthetic district: chunk by chunk from people to files, with the truth beside them.

Belongs here: the order of the work. Does not belong here: any of the work.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.errors import UsageError
from pipelines.progress import Reporter
from pipelines.sample import cases, changes, defects, events, households, lives, more_lives, sources, truth
from pipelines.sample.channel import channel_spec
from pipelines.sample.days import dates
from pipelines.sample.files import SourceFiles
from pipelines.sample.households import Plan
from pipelines.sample.month import Month
from pipelines.sample.true_families import Families, families, register_and_assistance
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
        UsageError: batches are not months in order, there are too few persons for the planted families, the channel is not
            one, or the folder holds files that no sample made.
    """
    if persons < households.LEAST:
        raise UsageError(f"样本区至少要有 {households.LEAST} 人（写了 {persons}），否则放不下每条规则的典型家庭。")
    plan = Plan(persons, seed, tuple(check_batch(batch) for batch in batches), str(channel) if channel else None)
    if list(plan.batches) != sorted(set(plan.batches)) or not plan.batches:
        raise UsageError("批次要从早到晚，每个月一次。")
    channel_spec(plan.channel)
    for batch in plan.batches:
        _make_room(folder, batch)
    counts: dict[str, int] = {}
    book = _TruthBook(folder / "truth")
    reporter.start(f"生成模拟数据：{persons:,} 人，{len(batches)} 个批次", plan.chunks * len(batches))
    for number, batch in enumerate(plan.batches):
        files = {source: SourceFiles(folder / batch / source, source, batch, persons, seed) for source in sources.SOURCES}
        for chunk in range(plan.chunks):
            for source, rows in _write_chunk(plan, chunk, number, files, book).items():
                counts[source] = counts.get(source, 0) + rows
            reporter.advance()
        for one in files.values():
            one.close()
    book.close()
    return counts


def _make_room(folder: Path, batch: str) -> None:
    """Take away an earlier sample's files of a batch, of which there may be others than now; never anything else."""
    if not (folder / batch).is_dir() or not any((folder / batch).iterdir()):
        return
    if not (folder / "truth" / "person_record.parquet").exists():
        raise UsageError(f"{folder / batch} 里已经有文件，而且不像是样本区（没有 truth/）。请另选一个文件夹。")
    for source in sources.SOURCES:
        shutil.rmtree(folder / batch / source, ignore_errors=True)


def _write_chunk(plan: Plan, chunk: int, number: int, files: dict[str, SourceFiles], book: "_TruthBook") -> dict[str, int]:
    """One chunk of one batch, made, written and forgotten; returns rows per source and, in the first batch, persons."""
    batch = plan.batches[number]
    world = World(plan, chunk, number)
    month = world.months[number]
    counts = {}
    if number == 0:
        counts["persons"] = len(month.people["birth"])
        book.people(chunk, month)
    clean = sources.all_sources(month)
    for source, rows in clean.items():
        sent, log = defects.damage(source, rows, month, plan.channel)
        where = files[source].append(sent)
        counts[source] = len(sent)
        book.rows(batch, source, chunk, sent, where, log)
    book.findings(batch, chunk, truth.Truth(month, clean, world.families_before(number)))
    return counts


class World:
    """One chunk's people and what happens to them in all months: made anew from (seed, chunk), so that chunks are independent."""

    def __init__(self, plan: Plan, chunk: int, number: int) -> None:
        self._plan, self._chunk = plan, chunk
        rng = np.random.default_rng([plan.seed, chunk])
        people = households.build(plan, chunk, rng)
        lives.live(people, plan, rng)
        more_lives.live_on(people, np.random.default_rng([plan.seed, chunk, 41]))
        cases.plant(people, plan.months()[0])
        lives.settle_contradictions(people, plan.months()[0])
        more_lives.settle(people, plan.months()[0])
        settled = events.settlements(people, plan, rng)
        married = events.marriages(people, plan, rng)
        self.months: list[Month] = []
        for at in range(number + 1):
            if at:
                fresh = np.random.default_rng([plan.seed, chunk, 31, at])
                people, registered = changes.change(people, plan, at, fresh)
                married = pl.concat([married, registered])
            self.months.append(Month(people, settled, married, plan.months()[at], at, chunk, plan.seed))

    def families_before(self, number: int) -> Families | None:
        """The families of the batch before, who remember those before them; None for the first."""
        known: Families | None = None
        for earlier in range(number):
            month = self.months[earlier]
            known = families(month, sources.all_sources(month), known)
        return known


class _TruthBook:
    """The truth's tables, appended to chunk by chunk."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        names = ("person_record", "defect", "finding", "household", "household_income", "person")
        self._tables = {name: _Table(folder / f"{name}.parquet") for name in names}

    def rows(self, batch: str, source: str, chunk: int, sent: pl.DataFrame, where: pl.DataFrame, log: pl.DataFrame) -> None:
        """Whose the rows are and what was done to them."""
        self._tables["person_record"].append(_whose(sent, where, batch, source, chunk))
        self._tables["defect"].append(_done_to(log, where, batch, source))

    def findings(self, batch: str, chunk: int, true: truth.Truth) -> None:
        """The findings and households of one chunk."""
        alone = true.family.alone
        home = true_household(chunk, alone)
        found = true.findings().select(
            batch=pl.lit(batch),
            rule_id="rule_id",
            outcome="outcome",
            true_person=pl.when(pl.col("who") >= 0).then(true_person(chunk, pl.col("who"))),
            true_household=home,
        )
        self._tables["finding"].append(found)
        self._tables["household_income"].append(
            true.income().select(batch=pl.lit(batch), true_household=home, **{"class": "class"}, amount="amount")
        )
        members = register_and_assistance(true.month, true.family)
        register = pl.format("R{}", home)
        self._tables["household"].append(
            members.select(
                batch=pl.lit(batch),
                kind="kind",
                true_household=pl.when(pl.col("kind") == "register").then(register).otherwise(home),
                true_person=true_person(chunk, pl.col("who")),
            )
        )

    def people(self, chunk: int, month: Month) -> None:
        """Who they are."""
        people = month.people
        self._tables["person"].append(
            pl.DataFrame(
                {
                    "who": np.arange(len(people["birth"])),
                    "name": pl.Series(people["name"].tolist(), dtype=pl.String),
                    "id_number": pl.Series(people["id"].tolist(), dtype=pl.String),
                    "sex": people["sex"],
                    "birth_date": dates(people["birth"]),
                    "death_date": dates(people["death"]),
                    "case": pl.Series([*households.declared()["cases"], None], dtype=pl.String).gather(
                        pl.Series(people["case"]).replace(-1, len(households.declared()["cases"]))
                    ),
                }
            ).select(true_person(chunk, pl.col("who")).alias("true_person"), pl.exclude("who"))
        )

    def close(self) -> None:
        """Finish the files."""
        for table in self._tables.values():
            table.close()


def true_person(chunk: int, who: pl.Expr) -> pl.Expr:
    """The name of a person in the truth."""
    return pl.format("T{}{}", pl.lit(f"{chunk:04d}"), who.cast(pl.String).str.zfill(7))


def true_household(chunk: int, alone: int) -> pl.Expr:
    """The name of a household in the truth, from `unit`: a register household's number, or a person who stands alone."""
    lone = pl.format("A{}P{}", pl.lit(f"{chunk:04d}"), (pl.col("unit") - alone).cast(pl.String).str.zfill(7))
    register = pl.format("A{}R{}", pl.lit(f"{chunk:04d}"), pl.col("unit").cast(pl.String).str.zfill(7))
    return pl.when(pl.col("unit") >= alone).then(lone).otherwise(register)


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
