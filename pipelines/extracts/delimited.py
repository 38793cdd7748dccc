"""CSV and its kin: separator, heading row, and records in the file's order with the number a spreadsheet shows.

Belongs here: text → batches of cells. Two readers do it. The quick one hands blocks of whole records to Polars; it takes
a block only if its quoting is RFC 4180 to the letter, which one vectorised look at the quotes' neighbours tells, and if
Polars gives back as many rows as the block has records. A block that is not so is read by the careful one, Python's csv
module in strict mode (ten times as slow): a quote inside an unquoted cell is a character, a quoted cell that does not end
properly stops the file. Does not belong here: encodings (`decode`), what the headings mean (`headings`).

A line break inside quotes does not begin a row, a blank line is one: so a spreadsheet counts, and so does `row_no`.
"""

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import DataError
from pipelines.extracts.ahead import ahead
from pipelines.extracts.cells import TRIMMED_BEFORE, untrimmed
from pipelines.extracts.decode import detect, utf8_blocks
from pipelines.extracts.headings import SEARCHED_ROWS, Matcher
from pipelines.extracts.table import BATCH_ROWS, EXTRA, Batch, Table, cell

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

SEPARATORS = (",", "\t", "|", ";", "，")
_SURPLUS = 4
"""Columns read beyond the headings, to see that a row is too long."""

_LONGEST_CELL = 1 << 20
"""Bytes; a spreadsheet's cell holds 32,767 characters. A quoted cell that is longer was never closed."""

_LONE_RETURN = re.compile(rb"\r(?!\n)")


def open_delimited(path: Path, where: str, matcher: Matcher, told: Callable[[int], None]) -> Table:
    """Open a delimited text file: encoding, separator and headings found, rows still to come.

    Raises:
        DataError: binary, undecodable, without text or without the contract's headings.
    """
    encoded = detect(path, where)
    blocks = ahead(utf8_blocks(path, encoded, where, told))
    first = next(blocks, b"")
    if not first.strip():
        raise DataError("文件里没有内容。", where=where, todo="请部门重新提供；确实没有数据时，提供只有表头的文件。")
    old_mac = b"\n" not in first
    if old_mac:
        first = first.replace(b"\r", b"\n")
        blocks = (block.replace(b"\r", b"\n") for block in blocks)
    separator = _separator(first, matcher)
    rows, ends = _preview(first, separator)
    headings = matcher.read(rows, where)
    width = len(headings.texts)
    records = _Records(where, separator, width, headings.row + 1)
    batches = records.batches(first[ends[headings.row - 1] :], blocks)
    return Table("csv", encoded.name, headings, batches)


def _preview(text: bytes, separator: str) -> tuple[list[list[str]], list[int]]:
    """The first records, and the offset in bytes at which each ends."""
    rows: list[list[str]] = []
    ends: list[int] = []
    done = 0

    def lines() -> Iterator[str]:
        nonlocal done
        for line in io.BytesIO(text):
            done += len(line)
            yield line.decode("utf-8").replace("\r\n", "\n").replace("\r", " ")

    reader = csv.reader(lines(), delimiter=separator)
    try:
        for row in reader:
            rows.append(row)
            ends.append(done)
            if len(rows) >= SEARCHED_ROWS:
                break
    except csv.Error:
        pass  # whoever reads the rows says where
    return rows, ends


def _separator(text: bytes, matcher: Matcher) -> str:
    """The separator with which a row looks most like the headings; the comma where none does."""
    return max(SEPARATORS, key=lambda separator: matcher.best_row(_preview(text, separator)[0])[1])


class _Records:
    """The data records of one file, read in one pass."""

    def __init__(self, where: str, separator: str, width: int, first_row: int) -> None:
        self._where, self._separator, self._width, self._row = where, separator, width, first_row
        self._names = [cell(position) for position in range(width + _SURPLUS)]

    def batches(self, rest: bytes, blocks: Iterator[bytes]) -> Iterator[Batch]:
        """Batches of whole records from the bytes after the headings."""
        stream = itertools.chain([rest], blocks)
        held = b""
        for block in stream:
            text = held + block if held else block
            cut = self._whole_records(text)
            batch = self._quickly(text[:cut]) if cut else None
            if batch is not None:
                yield self._counted(batch)
            if batch is None and cut != 0:  # not proper, or not read alike: all of it the careful way
                yield from self._carefully(itertools.chain([text], stream))
                held = b""
            elif len(text) - (cut or 0) > _LONGEST_CELL:  # an opening quote far back: proper, stray or never closed
                yield from self._carefully(itertools.chain([text[cut:]], stream))
                held = b""
            else:
                held = text[cut:]
        if held:
            yield from self._carefully(iter([held]))

    def _counted(self, batch: Batch) -> Batch:
        self._row += batch.frame.height
        return batch

    def _whole_records(self, text: bytes) -> int | None:
        """How many bytes of `text` are whole records with proper quoting; None if the quoting is not proper."""
        if len(self._separator.encode()) > 1:
            return None
        if b'"' not in text:
            return text.rfind(b"\n") + 1
        import numpy as np

        octets = np.frombuffer(text, dtype=np.uint8)
        quotes = np.flatnonzero(octets == ord('"'))
        cut = text.rfind(b"\n") + 1
        before = int(np.searchsorted(quotes, cut))
        if before % 2:
            cut = text.rfind(b"\n", 0, int(quotes[before - 1])) + 1
            before = int(np.searchsorted(quotes, cut))
        if not cut:
            return 0
        if before % 2:
            return None
        ends = np.zeros(256, dtype=bool)
        ends[[ord(self._separator), ord("\n"), ord("\r")]] = True
        opening, closing = quotes[0:before:2], quotes[1:before:2]
        doubled = np.zeros(len(opening) + 1, dtype=bool)
        doubled[1:-1] = closing[:-1] + 1 == opening[1:]
        begins = ends[octets[opening - 1]] | (opening == 0) | doubled[:-1]
        stops = ends[octets[closing + 1]] | doubled[1:]
        return cut if bool(begins.all() and stops.all()) else None

    def _quickly(self, text: bytes) -> Batch | None:
        """A block by Polars; None if it does not give as many rows as the block has records."""
        import numpy as np
        import polars as pl

        quoted = b'"' in text
        octets = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(octets == ord("\n"))
        if b"\r" in text and np.count_nonzero(octets == ord("\r")) != np.count_nonzero(octets[ends - 1] == ord("\r")):
            text = _LONE_RETURN.sub(b" ", text)
        try:
            frame = pl.read_csv(
                text,
                has_header=False,
                schema=dict.fromkeys(self._names, pl.String),
                separator=self._separator,
                quote_char='"' if quoted else None,
                truncate_ragged_lines=True,
                missing_columns="insert",
                infer_schema=False,
            )
        except (pl.exceptions.PolarsError, ValueError):
            return None
        broken = frame.height != len(ends)
        if broken:
            quotes = np.flatnonzero(octets == ord('"'))
            ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
            if frame.height != len(ends):
                return None
        if broken and b"\r" in text:  # from the records' ends Polars has taken it
            frame = frame.with_columns(pl.col(pl.String).str.replace_all("\r\n", "\n", literal=True))
        rows = np.unique(np.searchsorted(ends, self._untrimmed(text, quoted=quoted, broken=broken)))
        return self._batch(frame, pl.Series(rows), formulas=b"=" in text and b'="' in text)

    def _untrimmed(self, text: bytes, *, quoted: bool, broken: bool) -> "np.ndarray[Any, Any]":
        """Where in a block something to be trimmed stands at a cell's edge; `broken`, it has line breaks inside quotes.

        Separators and line ends stand between cells; they are part of one, and at its edge, next to the quotes around it only.
        """
        import numpy as np

        between = self._separator + "\r\n"
        places = untrimmed(text, (between + '"' if quoted else between).encode(), never=between)
        if not (broken or (quoted and self._separator in TRIMMED_BEFORE)):
            return places
        octets = np.frombuffer(text, dtype=np.uint8)
        is_between = np.zeros(256, dtype=bool)
        is_between[list(between.encode())] = True
        quotes = np.flatnonzero(octets == ord('"'))
        opening, closing = quotes[::2], quotes[1::2]
        return np.concatenate([places, opening[is_between[octets[opening + 1]]], closing[is_between[octets[closing - 1]]]])

    def _carefully(self, blocks: Iterator[bytes]) -> Iterator[Batch]:
        """By Python's csv module in strict mode, until a record ends where a block does: slower, right about stray quotes."""
        import polars as pl

        lines = _Lines(blocks)
        reader = csv.reader(lines, delimiter=self._separator, strict=True)
        width = len(self._names)
        while not lines.at_block_end:
            rows: list[list[str | None]] = []
            cells = width
            limit = csv.field_size_limit(_LONGEST_CELL)
            try:
                for record in reader:
                    cells = len(record)
                    rows.append((record + [None] * (width - len(record)))[:width] if len(record) != width else list(record))
                    if len(rows) >= BATCH_ROWS // 4 or lines.at_block_end:
                        break
            except csv.Error:
                raise self._broken(self._row + len(rows)) from None
            finally:
                csv.field_size_limit(limit)
            if not rows:
                return
            frame = pl.DataFrame(rows, schema=dict.fromkeys(self._names, pl.String), orient="row")
            cut_short = lines.unended and cells < self._width
            yield self._counted(self._batch(frame, None, formulas=True, cut_short=cut_short))

    def _batch(
        self, frame: "pl.DataFrame", untrimmed_rows: "pl.Series | None", *, formulas: bool, cut_short: bool = False
    ) -> Batch:
        import polars as pl

        surplus = self._names[self._width :]
        full = [name for name in surplus if frame[name].null_count() < frame.height]
        filled = pl.any_horizontal(pl.col(name).str.strip_chars().str.len_bytes() > 0 for name in full) if full else None
        frame = frame if filled is None else frame.with_columns(filled.fill_null(value=False).alias(EXTRA))
        return Batch(self._row, frame.drop(surplus), untrimmed_rows, formulas, cut_short)

    def _broken(self, row: int) -> DataError:
        return DataError(
            f"第 {row} 行起引号不成对，后面的行分不清，整个文件没有读取。",
            where=f"{self._where} 第 {row} 行",
            todo="请部门重新导出；或用文本编辑器打开，在这一行补上或去掉多余的英文双引号。",
        )


class _Lines:
    """Lines of text with their ends; whether the last one given was its block's last, and whether it had no end.

    A lone carriage return is a space, as the quick reader has it.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._lines: Iterator[bytes] = iter(())
        self._ahead: bytes | None = None
        self.at_block_end = self.unended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        """The next line."""
        while self._ahead is None:
            self._lines = io.BytesIO(next(self._blocks))
            self._ahead = next(self._lines, None)
        line, self._ahead = self._ahead, next(self._lines, None)
        self.at_block_end = self._ahead is None
        self.unended = not line.endswith(b"\n")
        end = "" if self.unended else "\n"
        return _LONE_RETURN.sub(b" ", line.removesuffix(b"\n").removesuffix(b"\r")).decode("utf-8") + end
