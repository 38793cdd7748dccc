"""How departments write their files: which files, which headings in which order, how dates and money look.

Belongs here: `schemas/sample/files.yaml`, turning typed rows into text, and where each row ended up. Does not belong here:
what the rows say (`sources`), what is wrong with them (`defects`), bytes (`writers`).
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from pipelines.contracts import Column, Contract, load_contracts
from pipelines.sample import places
from pipelines.sample.writers import File, Sheet, open_file
from pipelines.storage import SCHEMAS


@functools.cache
def declared() -> dict[str, Any]:
    """`files.yaml`."""
    loaded: dict[str, Any] = yaml.safe_load((SCHEMAS / "sample" / "files.yaml").read_text(encoding="utf-8"))
    return loaded


@functools.cache
def contracts() -> dict[str, Contract]:
    """The contracts, for headings only."""
    return load_contracts()


class SourceFiles:
    """The files of one source in one batch; rows are appended chunk by chunk.

    Args:
        folder: where they go (`<batch>/<source>`); made here.
        source: the source's key.
        batch: the month, `YYYY-MM`.
        persons: size of the district; decides whether spreadsheets are used.
        seed: decides column orders and headings.
    """

    def __init__(self, folder: Path, source: str, batch: str, persons: int, seed: int) -> None:
        self._spec = declared()["sources"][source]
        self._contract = contracts()[source]
        self._folder, self._batch = folder, batch
        small = persons < declared()["large_from"] and "small" in self._spec
        self._pattern = self._spec["small"] if small else self._spec["file"]
        self._seed = seed
        self._open: dict[int, File] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Write rows to their files.

        Args:
            rows: typed columns of the contract, and town_no.

        Returns:
            file and row_no of each row, in the rows' order.
        """
        per_town = self._spec.get("per_town", False)
        rows = rows.with_row_index("_at").with_columns(pl.col("town_no") if per_town else pl.lit(-1).alias("town_no"))
        places_of = []
        for (number,), part in rows.group_by("town_no", maintain_order=True):
            town = int(number)
            file = self._open.get(town) or self._start(town)
            first = file.write(as_text(part, file.sheet, file.next_row))
            places_of.append(
                part.select(
                    "_at", pl.lit(file.shown).alias("file"), (pl.int_range(pl.len()) + first).cast(pl.Int32).alias("row_no")
                )
            )
        if not places_of:
            return pl.DataFrame(schema={"file": pl.String, "row_no": pl.Int32})
        return pl.concat(places_of).sort("_at").drop("_at")

    def close(self) -> None:
        """Finish the files; a source without rows still has one file with headings."""
        if not self._open and not self._spec.get("per_town"):
            self._start(-1)
        for _, file in sorted(self._open.items()):
            file.close()

    def _start(self, town: int) -> File:
        formats = self._spec["formats"]
        form = formats[town % len(formats)]
        month = self._batch.replace("-", "")
        name = self._pattern.format(town=places.towns()[town][0], month=month)
        rng = np.random.default_rng([self._seed, self._contract.number, town + 1])
        columns = list(self._contract.text_columns())
        if self._spec.get("shuffle_columns"):
            columns = [columns[place] for place in rng.permutation(len(columns))]
        declared_columns = self._contract.text_columns()
        headings = {
            name: declared_columns[name].heading[int(rng.integers(0, len(declared_columns[name].heading)))] for name in columns
        }
        for column, unit in form.get("units", {}).items():
            headings[column] += f"（{unit}）"
        if form.get("spaced_headings"):
            headings = {name: " ".join(text) if len(text) == 2 else text for name, text in headings.items()}
        titles = [title.format(month=self._batch) for title in form.get("titles", [])]
        packed = self._spec.get("zip", "").format(month=month)
        sheet = Sheet(titles, headings, {name: declared_columns[name] for name in columns}, form)
        file = open_file(self._folder, name, packed, sheet)
        self._open[town] = file
        return file


def as_text(rows: pl.DataFrame, sheet: Sheet, first_row: int) -> pl.DataFrame:
    """The rows as the file writes them: every column text, in the file's order, with the columns nobody asked for."""
    form, texts = sheet.form, []
    for name, column in sheet.columns.items():
        if name not in rows.columns:
            texts.append(pl.lit(None, dtype=pl.String).alias(name))
            continue
        value = pl.col(name)
        if column.type == "money":
            value = _money(value, form.get("units", {}).get(name) or form.get("money", ""))
        elif rows.schema[name] == pl.Date:
            value = _date(value, form, column)
        elif column.type == "sex" and form.get("sex") == "code":
            value = value.replace({"男": "1", "女": "2"})
        else:
            value = value.cast(pl.String)
        if form.get("empty"):
            value = value.fill_null(form["empty"])
        texts.append(value.alias(name))
    written = rows.select(texts)
    if "number" in form:  # 序号, as people like to have it
        count = pl.Series(form["number"], range(first_row - sheet.first_row + 1, first_row - sheet.first_row + 1 + len(rows)))
        written = written.insert_column(0, count.cast(pl.String))
    return written


def _date(value: pl.Expr, form: dict[str, Any], column: Column) -> pl.Expr:
    style = form.get("months", "%Y-%m") if column.type == "month" else form["dates"]
    if style == "serial":  # days since 1899-12-30, as a spreadsheet keeps a date
        return (value.dt.epoch(time_unit="d") + 25569).cast(pl.String)
    if style == "epoch_ms":
        # Epoch milliseconds of midnight in Beijing, as the provincial exchange writes them.
        return (value.dt.epoch(time_unit="ms") - 8 * 3_600_000).cast(pl.String)
    written = value.dt.strftime(style)
    if column.open and "open" in form:
        written = written.fill_null(form["open"])
    return written.fill_null(form["empty_date"]) if "empty_date" in form else written


def _money(value: pl.Expr, style: str) -> pl.Expr:
    """Fen as yuan with two decimals, grouped (`thousands`), or as 万元 with six."""
    if style == "万元":
        return pl.when(value.is_not_null()).then(
            pl.format("{}.{}", (value // 1_000_000).cast(pl.String), (value % 1_000_000).cast(pl.String).str.zfill(6))
        )
    yuan = pl.format(
        "{}{}.{}",
        pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit("")),
        (value.abs() // 100).cast(pl.String),
        (value.abs() % 100).cast(pl.String).str.zfill(2),
    )
    if style == "thousands":
        big = value.abs() >= 100_000
        grouped = yuan.str.replace(r"(\d)(\d{3})\.", "$1,$2.")
        for _ in range(2):  # to milliards: the patterns cannot look ahead
            grouped = grouped.str.replace(r"(\d)(\d{3}),", "$1,$2,")
        yuan = pl.when(big).then(grouped).otherwise(yuan)
    return pl.when(value.is_not_null()).then(yuan)
