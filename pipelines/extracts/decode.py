"""Which encoding a text file is in, its SHA-256, and its bytes as UTF-8.

Belongs here: bytes → UTF-8 blocks, judged over the whole stream. Does not belong here: rows and cells (`delimited`).
"""

import codecs
import ctypes
import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import DataError

BLOCK = 8 << 20
"""Bytes read at a time: some 50,000 rows of 15 columns. Twice as many are no quicker and take 100 MB more; a quarter is slow."""

_HEAD = 1 << 16
"""Bytes that mostly say which encoding it is."""

_LONGEST_LINE = 64 << 20
"""No table has a line of so many bytes: what has is something else."""

_UTF8_MARK = codecs.BOM_UTF8
_UTF16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CHINESE = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")
"""A Chinese character of three bytes of UTF-8."""

_SURELY_UTF8 = 8
"""So many Chinese characters read as UTF-8 before the first bad byte, and it is damaged UTF-8, not GB18030.

GB18030 text seldom gets past its first character: a three-byte sequence of UTF-8 there is a rare character (level 2)
followed by one of a third of the common ones, eight of them in a row do not happen. Headings alone have more.
"""


@dataclass(frozen=True)
class Encoded:
    """A text file's encoding: `name` as the ledger has it, `codec` as Python has it, `mark` bytes of BOM."""

    name: str
    codec: str
    mark: int = 0


def sha256(path: Path, told: Callable[[int], None] = lambda _: None) -> str:
    """The file's SHA-256; `told` hears of every block's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            told(len(block))
    return digest.hexdigest()


def detect(path: Path, where: str) -> Encoded:
    """Tell the encoding: a mark, else UTF-8 if it is, else GB18030.

    Reads until that is sure: the head of a file with Chinese headings, all of one whose Chinese comes late. Once it is sure to
    be UTF-8, bytes that are not are found while reading (`utf8_blocks`).

    Raises:
        DataError: it is binary, or UTF-8 with bytes in it that are not.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(_UTF8_MARK):
            return Encoded("utf-8-sig", "utf-8", len(_UTF8_MARK))
        if head[:2] in _UTF16_MARKS:
            return Encoded("utf-16", _UTF16_MARKS[head[:2]], 2)
        if codec := _unmarked_utf16(head):
            return Encoded("utf-16", codec)
        if b"\0" in head:
            raise _binary(where)
        file.seek(0)
        done = seen_chinese = 0
        for block in _whole_lines(file, where, _HEAD):
            bad = _first_bad_utf8(block)
            seen_chinese += len(_CHINESE.findall(block[: _HEAD if bad is None else bad]))
            if bad is not None:
                if seen_chinese >= _SURELY_UTF8:
                    raise _undecodable("UTF-8", _row(path, done + bad), where)
                return Encoded("gb18030", "gb18030")
            if b"\0" in block:
                raise _binary(where)
            if seen_chinese >= _SURELY_UTF8:
                break
            done += len(block)
    return Encoded("utf-8", "utf-8")


def utf8_blocks(path: Path, encoded: Encoded, where: str, told: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    """The file as UTF-8, in blocks that end at a line's end (the last one may not).

    Raises:
        DataError: a byte is not of the encoding, or there is a zero in the text; says in which line.
    """
    with path.open("rb") as file:
        file.seek(encoded.mark)
        if encoded.name == "utf-16":
            yield from _from_utf16(file, encoded.codec, where, told)
            return
        done = encoded.mark
        for block in _whole_lines(file, where):
            told(len(block))
            if encoded.codec == "gb18030":
                text, bad = _from_gb18030(block)
            else:
                text, bad = block, _first_bad_utf8(block)
            if bad is not None:
                raise _undecodable(encoded.codec.upper(), _row(path, done + bad), where)
            if b"\0" in text:
                raise _binary(where)
            yield text
            done += len(block)


def _row(path: Path, offset: int) -> int:
    """The line of a file, 1 the first, in which the byte at `offset` stands."""
    lines = 0
    with path.open("rb") as file:
        while offset > 0 and (block := file.read(min(BLOCK, offset))):
            lines += block.count(b"\n")
            offset -= len(block)
    return lines + 1


def _whole_lines(file: Any, where: str, first: int | None = None) -> Iterator[bytes]:
    """Blocks cut after a line's end: in UTF-8 and GB18030 alike those bytes are never part of a character.

    The first one is of `first` bytes, if that is given.
    """
    rest, size = b"", min(first or BLOCK, BLOCK)
    while block := file.read(size):
        size = BLOCK
        cut = (block.rfind(b"\n") + 1) or (block.rfind(b"\r") + 1)
        if not cut and len(rest) > _LONGEST_LINE:
            raise _binary(where)
        if cut:
            yield b"".join((rest, memoryview(block)[:cut]))
            rest = block[cut:]
        else:
            rest += block
    if rest:
        yield rest


def _first_bad_utf8(block: bytes) -> int | None:
    """Where `block` stops being UTF-8; None if it is throughout. Polars' check is eight times as fast as a decode."""
    import polars as pl

    try:
        pl.Series([block]).cast(pl.String)
    except pl.exceptions.PolarsError:
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            return error.start
    return None


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: its ASCII has a zero byte on one side throughout, and it decodes to text."""
    high, low = head[1::2].count(0), head[0::2].count(0)
    if len(head) < 4 or max(high, low) * 20 < len(head) // 2:
        return None
    codec = "utf-16-le" if high > low else "utf-16-be"
    text = codecs.getincrementaldecoder(codec)("replace").decode(head[: len(head) // 2 * 2])
    binary = any(character == "\ufffd" or (character < " " and character not in "\t\r\n") for character in text)
    return None if binary else codec


def _from_utf16(file: Any, codec: str, where: str, told: Callable[[int], None]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)()
    rest, rows = "", 0
    while True:
        block = file.read(BLOCK)
        told(len(block))
        try:
            text = rest + decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            raise _undecodable("UTF-16", rows + 1, where) from None
        if "\0" in text:
            raise _binary(where)
        cut = text.rfind("\n") + 1 if block else len(text)
        if cut:
            yield text[:cut].encode("utf-8")
        rows += text.count("\n", 0, cut)
        rest = text[cut:]
        if not block:
            return


def _from_gb18030(block: bytes) -> tuple[bytes, int | None]:
    """A block as UTF-8, and where it stops being GB18030, if it does."""
    convert = _iconv()
    converted = convert(block) if convert else None
    if converted is None:
        try:
            converted = block.decode("gb18030").encode("utf-8")
        except UnicodeDecodeError as error:
            return b"", error.start
    return converted, None


@functools.cache
def _iconv() -> Callable[[bytes], bytes | None] | None:
    """The C library's GB18030 → UTF-8, where it has one: four times as fast as Python's codec and outside its lock.

    The function returns None where it meets a byte it cannot read; Python's codec then has the last word.
    """
    try:
        library = ctypes.CDLL(None, use_errno=True)
        opening, converting, closing = library.iconv_open, library.iconv, library.iconv_close
    except (AttributeError, OSError):
        return None
    opening.argtypes, opening.restype = [ctypes.c_char_p, ctypes.c_char_p], ctypes.c_void_p
    pointer, size = ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_size_t)
    converting.argtypes, converting.restype = [ctypes.c_void_p, pointer, size, pointer, size], ctypes.c_size_t
    closing.argtypes, closing.restype = [ctypes.c_void_p], ctypes.c_int
    failed = ctypes.c_size_t(-1).value

    def convert(block: bytes) -> bytes | None:
        import numpy as np

        handle = opening(b"UTF-8", b"GB18030")
        if handle is None or handle == ctypes.c_void_p(-1).value:
            return None
        try:
            source = np.frombuffer(block, dtype=np.uint8)
            target = np.empty(len(block) * 3 // 2 + 16, dtype=np.uint8)  # two bytes become three, four become at most four
            # Addresses by numpy: ctypes.cast leaves reference cycles behind, 40 MB each, until the collector comes by.
            at, to = ctypes.c_void_p(source.ctypes.data), ctypes.c_void_p(target.ctypes.data)
            left, free = ctypes.c_size_t(len(source)), ctypes.c_size_t(len(target))
            result = converting(handle, ctypes.byref(at), ctypes.byref(left), ctypes.byref(to), ctypes.byref(free))
            return None if result == failed or left.value else target[: len(target) - free.value].tobytes()
        finally:
            closing(handle)

    return convert if convert("汉字㐀".encode("gb18030")) == "汉字㐀".encode() else None


def _binary(where: str) -> DataError:
    return DataError(
        "文件不是文本，内容是二进制的，没有读取。",
        where=where,
        todo="请部门重新导出为 CSV（UTF-8 或 GB18030）或 XLSX，不要只改扩展名。",
    )


def _undecodable(encoding: str, row: int, where: str) -> DataError:
    return DataError(
        f"文件按 {encoding} 读到第 {row} 行时出现无法识别的字节，整个文件没有读取。",
        where=f"{where} 第 {row} 行",
        todo="文件可能在传输中损坏或由两种编码拼接而成，请部门重新导出（UTF-8 或 GB18030）。",
    )
