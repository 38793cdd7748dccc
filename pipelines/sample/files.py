"""How departments write their files: encodings, separators, spreadsheets, title rows, totals, zip; the same bytes each time.

Belongs here: `schemas/sample/files.yaml`, turning typed rows into text and text into files, and where each row ended up.
Does not belong here: what the rows say (`sources`) and what is wrong with them (`defects`).
"""

import functools
import io
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import yaml

from pipelines.contracts import Column, Contract, load_contracts
from pipelines.sample import places
from pipelines.storage import SCHEMAS

_FIXED_TIME = (2026, 1, 1, 0, 0, 0)
_BOMS = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16": b"\xff\xfe"}
_CODECS = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}


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
        self._rng = np.random.default_rng([seed, self._contract.number, 5])
        self._open: dict[int, _File] = {}
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
            first = file.write(part)
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

    def _start(self, town: int) -> "_File":
        formats = self._spec["formats"]
        form = formats[town % len(formats)]
        month = self._batch.replace("-", "")
        name = self._pattern.format(town=places.towns()[town][0], month=month)
        rng = np.random.default_rng([int(self._rng.bit_generator.seed_seq.entropy[0]), self._contract.number, town + 1])  # type: ignore[attr-defined]
        columns = list(self._contract.text_columns())
        if self._spec.get("shuffle_columns"):
            columns = [columns[place] for place in rng.permutation(len(columns))]
        declared_columns = self._contract.text_columns()
        headings = {
            name: declared_columns[name].heading[int(rng.integers(0, len(declared_columns[name].heading)))] for name in columns
        }
        titles = [title.format(month=self._batch) for title in form.get("titles", [])]
        packed = self._spec.get("zip", "").format(month=month)
        file = _File(self._folder, name, packed, form, titles, headings, {name: declared_columns[name] for name in columns})
        self._open[town] = file
        return file


class _File:
    """One file being written."""

    def __init__(
        self,
        folder: Path,
        name: str,
        packed: str,
        form: dict[str, Any],
        titles: list[str],
        headings: dict[str, str],
        columns: dict[str, Column],
    ) -> None:
        self.shown = f"{packed}/{name}" if packed else name
        self._path, self._packed = folder / name, folder / packed if packed else None
        self._form, self._columns, self._headings = form, columns, headings
        self._next_row = len(titles) + 2
        self._titles = titles
        self._sheet: list[list[str | None]] = []
        self._parquet: Any = None
        self._out: IO[bytes] | None = None
        self._kind = self._path.suffix
        if self._kind == ".csv":
            self._out = self._path.open("wb")
            encoding = form["encoding"]
            self._out.write(_BOMS.get(encoding, b""))
            head = io.BytesIO()
            for title in titles:
                head.write((title + form["sep"] * (len(columns) - 1) + "\r\n").encode())
            head.write((form["sep"].join(headings[name] for name in columns) + "\r\n").encode())
            self._raw(head.getvalue())

    def write(self, rows: pl.DataFrame) -> int:
        """Append rows; returns the row number of the first."""
        first = self._next_row
        self._next_row += len(rows)
        text = as_text(rows, self._columns, self._form)
        if self._kind == ".csv":
            buffer = io.BytesIO()
            text.write_csv(buffer, include_header=False, separator=self._form["sep"], line_terminator="\r\n")
            self._raw(buffer.getvalue())
        elif self._kind == ".parquet":
            self._write_parquet(text.rename(self._headings))
        else:
            self._sheet.extend([list(row) for row in text.iter_rows()])
        return first

    def close(self) -> None:
        """Write what is still to be written: totals, the workbook, the zip."""
        footers = self._form.get("footers", [])
        if self._kind == ".csv":
            assert self._out is not None
            for footer in footers:
                self._raw((footer + self._form["sep"] * (len(self._columns) - 1) + "\r\n").encode())
            self._out.close()
        elif self._kind == ".parquet":
            if self._parquet is None:
                self._write_parquet(pl.DataFrame(schema={self._headings[name]: pl.String for name in self._columns}))
            self._parquet.close()
        else:
            self._write_workbook(footers)
        if self._packed:
            with zipfile.ZipFile(self._packed, "w", zipfile.ZIP_DEFLATED) as archive:
                entry = zipfile.ZipInfo(self._path.name, _FIXED_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                with archive.open(entry, "w", force_zip64=True) as packed, self._path.open("rb") as plain:
                    while block := plain.read(1 << 22):
                        packed.write(block)
            self._path.unlink()

    def _raw(self, utf8: bytes) -> None:
        assert self._out is not None
        encoding = self._form["encoding"]
        codec = _CODECS.get(encoding, encoding)
        self._out.write(utf8 if codec == "utf-8" else utf8.decode().encode(codec))

    def _write_parquet(self, text: pl.DataFrame) -> None:
        import pyarrow.parquet as pq

        table = text.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._parquet.write_table(table)

    def _write_workbook(self, footers: list[str]) -> None:
        import datetime as dt

        import xlsxwriter

        with xlsxwriter.Workbook(self._path, {"constant_memory": True, "strings_to_numbers": False}) as book:
            book.set_properties({"created": dt.datetime(*_FIXED_TIME, tzinfo=dt.UTC).replace(tzinfo=None)})
            sheet = book.add_worksheet("Sheet1")
            rows: list[list[str | None]] = [[title] for title in self._titles]
            rows.append([self._headings[name] for name in self._columns])
            rows.extend(self._sheet)
            rows.extend([footer] for footer in footers)
            for at, row in enumerate(rows):
                for place, value in enumerate(row):
                    if value is not None:
                        sheet.write_string(at, place, value)


def as_text(rows: pl.DataFrame, columns: dict[str, Column], form: dict[str, Any]) -> pl.DataFrame:
    """The rows as the file writes them: every column text, in the file's order."""
    texts = []
    for name, column in columns.items():
        if name not in rows.columns:
            texts.append(pl.lit(None, dtype=pl.String).alias(name))
            continue
        value = pl.col(name)
        if column.type == "money":
            value = _money(value, form.get("money", ""))
        elif rows.schema[name] == pl.Date:
            value = _date(value, form, column)
        elif column.type == "sex" and form.get("sex") == "code":
            value = value.replace({"男": "1", "女": "2"})
        else:
            value = value.cast(pl.String)
        if form.get("empty"):
            value = value.fill_null(form["empty"])
        texts.append(value.alias(name))
    return rows.select(texts)


def _date(value: pl.Expr, form: dict[str, Any], column: Column) -> pl.Expr:
    style = form.get("months", "%Y-%m") if column.type == "month" else form["dates"]
    if style == "epoch_ms":
        # Epoch milliseconds of midnight in Beijing, as the provincial exchange writes them.
        return (value.dt.epoch(time_unit="ms") - 8 * 3_600_000).cast(pl.String)
    written = value.dt.strftime(style)
    return written.fill_null(form["open"]) if column.open and "open" in form else written


def _money(value: pl.Expr, style: str) -> pl.Expr:
    yuan = pl.format(
        "{}{}.{}",
        pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit("")),
        (value.abs() // 100).cast(pl.String),
        (value.abs() % 100).cast(pl.String).str.zfill(2),
    )
    if style == "thousands":
        big = value.abs() >= 100_000
        grouped = yuan.str.replace(r"(\d)(\d{3})\.", "$1,$2.")
        yuan = pl.when(big).then(grouped).otherwise(yuan)
    return pl.when(value.is_not_null()).then(yuan)
