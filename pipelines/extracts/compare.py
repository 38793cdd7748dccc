"""What arrived against what this file held before, what came last month, and the other files of the batch.

Belongs here: which differences are doubtful enough to ask the officer. Does not belong here: asking (`pipelines.acceptance`),
what can only be told once persons are known (`pipelines.linkage.measure.arrivals`).

All from counts: the ledger's, one GROUP BY over towns, and one join over the rows' hashes where a source sent several files.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.acceptance import Question, content_of, limits
from pipelines.contracts import Contract, code_table
from pipelines.extracts.ledger import Line, read_ledger
from pipelines.extracts.months import without_month
from pipelines.storage import Home, quoted

SAMPLED_FROM = 1_000_000
"""From so many rows on, equal rows are looked for among one in sixteen of the persons only."""


@dataclass(frozen=True)
class Arrived:
    """A source's batch before it takes its place in the lake.

    Args:
        rows: its rows as Parquet.
        current: the ledger's lines of the files in it.
        corrected: lines whose place others of the same name take.
        new: names of the files that were read now.
    """

    rows: Path
    current: Sequence[Line]
    corrected: Sequence[Line]
    new: frozenset[str]


def doubts(home: Home, batch: str, contract: Contract, arrived: Arrived) -> list[Question]:
    """Everything doubtful about a source's batch."""
    found = [*_shorter_than_before(batch, contract, arrived)]
    last = last_batch(home, batch, contract.source)
    if last:
        found += _shorter_than_last_month(home, batch, contract, arrived, last)
    if len(arrived.current) > 1 and arrived.new:
        found += _repeated(home, batch, contract, arrived)
    return found


def last_batch(home: Home, batch: str, source: str) -> str | None:
    """The latest earlier batch that holds the source."""
    held = [month for month in home.earlier_batches(batch) if home.lake(month, "extracts", source).exists()]
    return held[-1] if held else None


def is_short(now: int, before: int, contract: Contract) -> bool:
    """Whether so few rows are doubtful: below the contract's share, by more than a handful, and not by chance.

    A register holds the same persons every month; of events there are as many as happen, give or take 3 times its square root.
    """
    share = (contract.expect.rows_against_last_batch or (limits().share,))[0]
    chance = 0.0 if contract.one_row_per_person else 3 * math.sqrt(share * before)
    return before - now >= limits().few and now < share * before - chance


def _shorter_than_before(batch: str, contract: Contract, arrived: Arrived) -> Iterable[Question]:
    now = Counter({line.name: 0 for line in arrived.current})
    before: Counter[str] = Counter()
    digests = {line.name: line.sha256 for line in arrived.current}
    for line in arrived.current:
        now[line.name] += line.accepted
    for line in arrived.corrected:
        before[line.name] += line.accepted
    for name, rows in before.items():
        if name in now and is_short(now[name], rows, contract):
            what = f"{contract.title}：{name} 只有 {now[name]:,} 行，上次读这个文件时有 {rows:,} 行（{now[name] / rows:.0%}）。"
            yield Question(batch, contract.source, name, "short", digests[name], what)


def _shorter_than_last_month(home: Home, batch: str, contract: Contract, arrived: Arrived, last: str) -> Iterable[Question]:
    lines = [line for line in read_ledger(home.lake(last, "extracts", f"{contract.source}.files")) if line.state == "current"]
    before, now = sum(line.accepted for line in lines), sum(line.accepted for line in arrived.current)
    content = content_of(*{line.sha256 for line in arrived.current})
    parts = _missing_towns(home, contract, arrived, last) or _missing_files(lines, arrived.current, before - now)
    for part, (rows, had) in parts.items():
        what = f"{contract.title}：{part} 只有 {rows:,} 行，上次（{last}）有 {had:,} 行。"
        if not rows:
            what = f"{contract.title}：缺 {part}，上次（{last}）有 {had:,} 行。"
        yield Question(batch, contract.source, part, "part", content, what)
    if is_short(now, before, contract):
        named = f"；缺的部分：{'、'.join(parts)}" if parts else ""
        what = f"{contract.title}：共 {now:,} 行，上次（{last}）有 {before:,} 行（{now / before:.0%}）{named}。"
        yield Question(batch, contract.source, "", "short", content, what)


def _missing_towns(home: Home, contract: Contract, arrived: Arrived, last: str) -> dict[str, tuple[int, int]]:
    """Towns of which much less came than last time: name → rows now, rows then."""
    columns = list(dict.fromkeys(fields["town"] for fields in contract.members().values() if "town" in fields))
    if not columns:
        return {}
    towns = [_towns(home, path, columns[0]) for path in (home.lake(last, "extracts", contract.source), arrived.rows)]
    before, now = towns
    return {
        town: (now[town], had)
        for town, had in sorted(before.items())
        if had >= limits().part_rows and now[town] < had * limits().part_share - 2 * math.sqrt(had * limits().part_share)
    }


def _towns(home: Home, path: Path, column: str) -> Counter[str]:
    """Rows per town of the code table; a name that is not in it counts for none."""
    writings = sorted(code_table("towns"), key=len, reverse=True)
    counted: Counter[str] = Counter()
    with home.connect() as connection:
        found = connection.execute(
            f'SELECT "{column}", count(*) FROM read_parquet(\'{quoted(path)}\') WHERE "{column}" IS NOT NULL GROUP BY 1'
        ).fetchall()
    for text, rows in found:
        writing = next((one for one in writings if text.endswith(one)), None)
        if writing:
            counted[code_table("towns")[writing]] += rows
    return counted


def _missing_files(before: Sequence[Line], now: Sequence[Line], fewer: int) -> dict[str, tuple[int, int]]:
    """Files of last time, by their names without the month, that did not come, if that many rows are missing as well."""
    there = {without_month(line.file) for line in now}
    missing = {
        line.file: (0, line.accepted)
        for line in before
        if without_month(line.file) not in there and line.accepted >= limits().few
    }
    return missing if len(before) > 1 and missing and fewer * 2 >= sum(had for _, had in missing.values()) else {}


def _repeated(home: Home, batch: str, contract: Contract, arrived: Arrived) -> Iterable[Question]:
    """Pairs of files most of whose rows are the same: of a register the same persons, of other sources the same rows."""
    ids = [fields["id_number"].removesuffix(".id") for fields in contract.members().values() if "id_number" in fields][:1]
    names = [fields["name"] for fields in contract.members().values() if "name" in fields][:1]
    if contract.one_row_per_person and ids:
        key, only = f'"{ids[0]}"', f'WHERE length("{ids[0]}") >= 15'
    else:
        key, only = ", ".join(f'"{name}"' for name in contract.text_columns()), ""
    sampled = sum(line.accepted for line in arrived.current) > SAMPLED_FROM
    if sampled and (ids or names):
        only = f'{only or "WHERE true"} AND hash("{(ids or names)[0]}") % 16 = 0'
    with home.connect() as connection:
        connection.execute(
            f"CREATE TEMP TABLE keys AS SELECT DISTINCT file, hash({key}) AS key "
            f"FROM read_parquet('{quoted(arrived.rows)}') {only}"
        )
        held = dict(connection.execute("SELECT file, count(*) FROM keys GROUP BY 1").fetchall())
        pairs = connection.execute(
            "SELECT a.file, b.file, count(*) FROM keys a JOIN keys b USING (key) WHERE a.file < b.file GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    lines = {line.file: line for line in arrived.current}
    for one, other, equal in pairs:
        share = equal / min(held[one], held[other])
        if equal < limits().few or share < limits().repeated:
            continue
        if not {lines[one].name, lines[other].name} & arrived.new:
            continue
        earlier, later = sorted((lines[one], lines[other]), key=lambda line: (line.name in arrived.new, line.file))
        unit = "人" if contract.one_row_per_person else "行"
        what = (
            f"{contract.title}：{later.file} 与 {earlier.file} 有 {share:.0%} 的{unit}相同"
            f"（{later.accepted:,} 行，{earlier.accepted:,} 行），像是同一批数据又送了一次，两个都算会重复。"
        )
        own = [line.sha256 if not line.sheet else content_of(line.sha256, line.sheet) for line in (later, earlier)]
        instead = "" if later.name == earlier.name else earlier.sha256
        yield Question(batch, contract.source, later.file, "repeated", content_of(*own), what, instead)
