"""The floor: what DuckDB alone needs to read the same files to Parquet and join them once by id.

Usage: python -m benchmarks.floor DROP/2026-10 OUT

CSV is read by DuckDB as text; what its stock build cannot read (GB18030, UTF-16, XLSX, zip) is turned into UTF-8 CSV first by the
plainest means, and that counts. Nothing is checked, cleaned or accounted for.
"""

import csv
import shutil
import sys
import time
import zipfile
from pathlib import Path

import duckdb

from pipelines.contracts import load_contracts

ID_TYPES = ("id_number", "disability_certificate")


def main() -> None:
    """Read, write, join; print the seconds of each."""
    batch, out = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    connection = duckdb.connect(
        config={"memory_limit": "8GB", "preserve_insertion_order": "false", "temp_directory": str(out / "spill")}
    )
    began = time.monotonic()
    ids = {}
    for source, contract in load_contracts().items():
        if not (batch / source).is_dir():
            continue
        plain = [text for path in sorted((batch / source).rglob("*")) if path.is_file() for text in as_csv(path, out)]
        headings = {
            heading for column in contract.text_columns().values() if column.type in ID_TYPES for heading in column.heading
        }
        selects = []
        for path in plain:
            if path.suffix == ".parquet":
                column = next(c for c in connection.sql(f"FROM '{path}'").columns if c in headings)
                selects.append(f"SELECT \"{column}\" AS id, * FROM read_parquet('{path}')")
            else:
                position, separator = id_column(path, headings)
                selects.append(
                    f"SELECT column{position} AS id, * "
                    f"FROM read_csv('{path}', header = false, all_varchar = true, delim = '{separator}', "
                    "quote = '\"', null_padding = true, strict_mode = false, max_line_size = 1000000, parallel = true, "
                    f"names = {[f'column{n}' for n in range(width(path, separator))]})"
                )
        for number, select in enumerate(selects):
            connection.execute(f"COPY ({select}) TO '{out}/{source}-{number}.parquet' (COMPRESSION zstd)")
        ids[source] = f"read_parquet('{out}/{source}-*.parquet', union_by_name = true)"
    read = time.monotonic()
    rows = 0
    for source, table in ids.items():
        if source != "police_household":
            rows += connection.execute(
                f"SELECT count(p.id) FROM {table} s LEFT JOIN (SELECT DISTINCT id FROM {ids['police_household']}) p USING (id)"
            ).fetchall()[0][0]
    print(f"read {read - began:.2f} s, join {time.monotonic() - read:.2f} s, {rows} rows matched")


def as_csv(path: Path, out: Path) -> list[Path]:
    """The file as something that DuckDB reads: itself, or a UTF-8 copy."""
    if path.suffix == ".zip":
        folder = out / "unzipped" / path.parent.name / path.stem
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        return [text for member in sorted(folder.rglob("*")) if member.is_file() for text in as_csv(member, out)]
    if path.suffix == ".parquet":
        return [path]
    copy = out / "plain" / path.parent.name / (path.name + ".csv")
    copy.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        import python_calamine

        with copy.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python())
        return [copy]
    head = path.open("rb").read(1 << 16)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif is_utf8(head[: head.rfind(b"\n") + 1]):
        return [path]
    else:
        encoding = "gb18030"
    with path.open(encoding=encoding, newline="") as source, copy.open("w", encoding="utf-8", newline="") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return [copy]


def is_utf8(text: bytes) -> bool:
    """Whether bytes decode as UTF-8."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def first_lines(path: Path) -> list[str]:
    """The first lines, enough to hold the headings."""
    with path.open(encoding="utf-8-sig") as file:
        return [file.readline() for _ in range(6)]


def id_column(path: Path, headings: set[str]) -> tuple[int, str]:
    """Position of the first id column and the separator."""
    for line in first_lines(path):
        for separator in (",", "\t", "|"):
            cells = [cell.strip().strip('"') for cell in line.rstrip("\r\n").split(separator)]
            found = [n for n, cell in enumerate(cells) if cell.replace(" ", "") in headings]
            if found:
                return found[0], separator
    return 0, ","


def width(path: Path, separator: str) -> int:
    """How many columns the widest of the first lines has."""
    return max(line.count(separator) + 1 for line in first_lines(path))


if __name__ == "__main__":
    main()
