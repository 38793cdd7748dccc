"""Files byte by byte: CSV in four encodings, spreadsheets, Parquet, zip; the same bytes each time.

Belongs here: encodings, separators, cells, archives, row numbers. Does not belong here: what stands in the rows (`files`).
"""

import datetime as dt
import io
import zipfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.contracts import Column
from pipelines.sample.ids import is_valid

_FIXED_TIME = (2026, 1, 1, 0, 0, 0)
_BOMS = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16": b"\xff\xfe"}
_CODECS = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}


@dataclass(frozen=True)
class Sheet:
    """What stands around the rows: titles above, headings, totals below, and how values are written (`form`)."""

    titles: list[str]
    headings: dict[str, str]
    columns: dict[str, Column]
    form: dict[str, Any]

    @property
    def first_row(self) -> int:
        """The first data row's number as a spreadsheet shows it."""
        return len(self.titles) + 2

    @property
    def heading_row(self) -> list[str]:
        """The headings from left to right."""
        number = [self.form["number"]] if "number" in self.form else []
        return number + [self.headings[name] for name in self.columns]

    @property
    def footers(self) -> list[str]:
        """Rows below the data."""
        return [str(footer) for footer in self.form.get("footers", [])]


class File(ABC):
    """One file being written.

    Args:
        path: where it is written.
        packed: the zip it is put into when finished, or None.
        sheet: what stands around the rows.
    """

    def __init__(self, path: Path, packed: Path | None, sheet: Sheet) -> None:
        self.path, self.packed, self.sheet = path, packed, sheet
        self.shown = f"{packed.name}/{path.name}" if packed else path.name
        self.next_row = sheet.first_row

    def write(self, text: pl.DataFrame) -> int:
        """Append rows of text; returns the row number of the first."""
        first = self.next_row
        self.next_row += len(text)
        self._append(text)
        return first

    def close(self) -> None:
        """Write what is still to be written, and pack it."""
        self._finish()
        if self.packed:
            _pack(self.path, self.packed)

    @abstractmethod
    def _append(self, text: pl.DataFrame) -> None: ...

    @abstractmethod
    def _finish(self) -> None: ...


def open_file(folder: Path, name: str, packed: str, sheet: Sheet) -> File:
    """A file of the kind its name says."""
    kinds: dict[str, type[File]] = {".csv": _Csv, ".parquet": _Parquet, ".xlsx": _Workbook}
    path = folder / name
    return kinds[path.suffix](path, folder / packed if packed else None, sheet)


class _Csv(File):
    def __init__(self, path: Path, packed: Path | None, sheet: Sheet) -> None:
        super().__init__(path, packed, sheet)
        self._encoding, self._sep = str(sheet.form["encoding"]), str(sheet.form["sep"])
        self._out = path.open("wb")
        self._out.write(_BOMS.get(self._encoding, b""))
        self._lines([*(self._padded(title) for title in sheet.titles), self._sep.join(sheet.heading_row)])

    def _append(self, text: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        text.write_csv(buffer, include_header=False, separator=self._sep, line_terminator="\r\n")
        self._raw(buffer.getvalue())

    def _finish(self) -> None:
        self._lines([self._padded(footer) for footer in self.sheet.footers])
        self._out.close()

    def _padded(self, text: str) -> str:
        return text + self._sep * (len(self.sheet.heading_row) - 1)

    def _lines(self, lines: list[str]) -> None:
        self._raw("".join(line + "\r\n" for line in lines).encode())

    def _raw(self, utf8: bytes) -> None:
        codec = _CODECS.get(self._encoding, self._encoding)
        self._out.write(utf8 if codec == "utf-8" else utf8.decode().encode(codec))


class _Parquet(File):
    _writer: Any = None

    def _append(self, text: pl.DataFrame) -> None:
        import pyarrow.parquet as pq

        text.columns = self.sheet.heading_row
        table = text.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def _finish(self) -> None:
        if self._writer is None:
            self._append(pl.DataFrame(schema=dict.fromkeys(self.sheet.heading_row, pl.String)))
        self._writer.close()


class _Workbook(File):
    """A spreadsheet: numbers are numbers, dates are dates, and an id that lost its last digits is a number too."""

    def __init__(self, path: Path, packed: Path | None, sheet: Sheet) -> None:
        super().__init__(path, packed, sheet)
        self._rows: list[list[str | None]] = []

    def _append(self, text: pl.DataFrame) -> None:
        self._rows.extend([list(row) for row in text.iter_rows()])

    def _finish(self) -> None:
        import xlsxwriter

        with xlsxwriter.Workbook(self.path, {"constant_memory": True}) as book:
            book.set_properties({"created": dt.datetime(*_FIXED_TIME)})  # noqa: DTZ001  the format has no time zone
            page = book.add_worksheet("Sheet1")
            as_date = book.add_format({"num_format": "yyyy/m/d"})
            for at, line in enumerate([*([title] for title in self.sheet.titles), self.sheet.heading_row]):
                page.write_row(at, 0, line)
            kinds = ["number"] * ("number" in self.sheet.form) + [column.type for column in self.sheet.columns.values()]
            for at, row in enumerate(self._rows, self.sheet.first_row - 1):
                for place, (kind, value) in enumerate(zip(kinds, row, strict=True)):
                    if value is None:
                        continue
                    if kind == "date" and value.isdigit() and len(value) == 5:
                        page.write_number(at, place, int(value), as_date)
                    elif _is_number(kind, value):
                        page.write_number(at, place, float(value))
                    else:
                        page.write_string(at, place, value)
            for at, footer in enumerate(self.sheet.footers, self.next_row - 1):
                page.write_string(at, 0, footer)


def _is_number(kind: str, value: str) -> bool:
    if kind in ("money", "integer", "number"):
        return value.replace(".", "", 1).isdigit()
    lost = kind in ("id_number", "disability_certificate") and value.isdigit() and len(value) >= 18 and value.endswith("000")
    return lost and not is_valid(value[:18])


def _pack(path: Path, packed: Path) -> None:
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(path.name, _FIXED_TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        with archive.open(entry, "w", force_zip64=True) as out, path.open("rb") as plain:
            while block := plain.read(1 << 22):
                out.write(block)
    path.unlink()
