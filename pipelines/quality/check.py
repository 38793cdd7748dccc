"""`zhudong check` beyond the files: what `zhudong run` would say of the values, and of the batch against the last one.

Belongs here: running the first stages on a folder of their own that goes again, and gathering what they found. Does not belong
here: reading (`extracts`), understanding values (`standardise`), limits (`limits`): they are the run's own, so that nothing is
said here that the run would not say. No value is shown: columns, counts, files and row numbers.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from pipelines.acceptance import Question, read_answers
from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.check import SHOWN_ROWS, Checked, batch_folders, check_folder, print_check
from pipelines.extracts.compare import Arrived, doubts, last_batch
from pipelines.extracts.ledger import Line, read_ledger
from pipelines.extracts.stage import extract_source
from pipelines.progress import Reporter, Silent
from pipelines.quality.limits import Result, limits_of, warnings_in_words
from pipelines.quality.measures import Measure, measure_source
from pipelines.standardise import standardise_source
from pipelines.storage import Home, quoted

ID_STATES = {
    "truncated": "证号被表格软件变成了数字，末几位已丢",
    "bad_check": "证号校验码不对",
    "bad_date": "证号里的出生日期不对",
    "malformed": "不是证号",
    "placeholder": "证号是占位的",
    "masked": "证号被遮盖",
}
"""Ids that are written and are no key, as an officer reads it."""


@dataclass(frozen=True)
class Found:
    """One kind of trouble in one column: how many rows, and the first ones."""

    column: str
    heading: str
    what: str
    label: str
    rows: int
    first: list[tuple[str, int]]


@dataclass
class Values:
    """What `run` would say of one source's values: troubles by column, limits that do not hold, doubts against earlier data."""

    batch: str
    source: str
    title: str
    found: list[Found] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def stops(self) -> bool:
        """Whether the batch would stop here."""
        return bool(self.questions) or any(result.limit.severity == "critical" for result in self.failed)

    def lines(self) -> list[str]:
        """As a person reads it."""
        told = []
        for one in self.found:
            places = "、".join(f"{file} 第 {row} 行" for file, row in one.first[:5]) + ("……" if one.rows > 5 else "")
            told.append(f"    “{one.heading}”{one.label}：{one.rows:,} 行（{places}）")
        for result in self.failed:
            mark = "✗ 会停" if result.limit.severity == "critical" else "! 会提醒"
            told.append(f"    {mark}：{result.in_words()}")
        told += [f"    ✗ 会停：{one.what}" for one in self.questions]
        return [f"{'✗' if self.stops else '!'} {self.batch}/{self.source}（{self.title}）的内容：", *told] if told else []


def check(
    drop: Path, contracts: Mapping[str, Contract], reporter: Reporter, home: Home | None = None
) -> tuple[list[Checked], list[Values]]:
    """Read every extract of a folder and its values and say what `run` would; nothing is left behind.

    Args:
        drop: the drop folder, or one batch's folder in it.
        contracts: all contracts, by source key.
        reporter: hears of progress, in files and then in sources.
        home: the home folder whose earlier batches are compared with.

    Raises:
        DataError: the folder holds no batch.
    """
    files = check_folder(drop, contracts, reporter)
    values: list[Values] = []
    for folder in batch_folders(drop):
        stopped = {one.source for one in files if one.batch == folder.name and one.stops is not None}
        sources = list(dict.fromkeys(one.source for one in files if one.batch == folder.name and one.file))
        reporter.start(f"{folder.name}：检查内容", len(sources))
        with tempfile.TemporaryDirectory(prefix="zhudong-check-") as scratch:
            place = Home(Path(scratch))
            for source in sources:
                if source not in stopped:
                    values.append(_values(place, folder, contracts[source], home))
                reporter.advance()
    return files, values


def _values(place: Home, folder: Path, contract: Contract, home: Home | None) -> Values:
    batch, values = folder.name, Values(folder.name, contract.source, contract.title)
    extract_source(place, batch, contract, folder.parent, Silent(), compare=False)
    standardise_source(place, batch, contract, Silent())
    path = place.lake(batch, "standardised", contract.source)
    with place.connect() as connection:
        measures = measure_source(connection, place, batch, contract)
        found = connection.execute(_troubles(str(path))).fetchall() if path.exists() else []
    columns = contract.text_columns()
    ids = next((fields["id_number"].removesuffix(".id") for fields in contract.members().values() if "id_number" in fields), "")
    for column, what, rows, first in found:
        name = column or ids
        heading = columns[name].heading[0] if name in columns else name
        label = ID_STATES[what] if what in ID_STATES else warnings_in_words()[what]["short"]
        values.found.append(Found(name, heading, what, label, rows, [(one["file"], one["row_no"]) for one in first]))
    if home is not None:
        values.questions = _doubts(place, home, batch, contract)
        measures += _against_last(home, batch, contract, measures)
    taken = {measure.name: measure.value for measure in measures}
    for limit in limits_of(contract, measures):
        value = taken[limit.name]
        if (limit.low is not None and value < limit.low) or (limit.high is not None and value > limit.high):
            values.failed.append(Result(limit, value, passed=False))
    return values


def _troubles(path: str) -> str:
    """Per column and kind, the number of rows and the first of them; ids that are no key under an empty column."""
    states = ", ".join(f"'{state}'" for state in ID_STATES)
    return f"""
        SELECT name, what, count(*), list({{'file': file, 'row_no': row_no}} ORDER BY file, row_no)[:{SHOWN_ROWS}] FROM (
            SELECT DISTINCT split_part(warning, ':', 1) AS name, split_part(warning, ':', 2) AS what, file, row_no
            FROM (SELECT unnest(warnings) AS warning, file, row_no FROM read_parquet('{quoted(path)}'))
            UNION ALL
            SELECT DISTINCT '', id_status, file, row_no FROM read_parquet('{quoted(path)}') WHERE id_status IN ({states}))
        GROUP BY ALL ORDER BY ALL"""


def _doubts(place: Home, home: Home, batch: str, contract: Contract) -> list[Question]:
    """What the run would ask: the rows read here against what the home folder holds."""
    now = [line for line in _ledger(place, batch, contract.source) if line.state == "current"]
    digests = {line.name: line.sha256 for line in now}
    held = [line for line in _ledger(home, batch, contract.source) if line.state == "current"]
    corrected = [line for line in held if digests.get(line.name, line.sha256) != line.sha256]
    arrived = Arrived(place.lake(batch, "extracts", contract.source), now, corrected, frozenset(digests))
    return read_answers(home).open(doubts(home, batch, contract, arrived)) if now else []


def _ledger(home: Home, batch: str, source: str) -> list[Line]:
    return read_ledger(home.lake(batch, "extracts", f"{source}.files"))


def _against_last(home: Home, batch: str, contract: Contract, measures: Sequence[Measure]) -> list[Measure]:
    last = last_batch(home, batch, contract.source)
    rows = next((measure.value for measure in measures if measure.measure == "rows"), 0)
    if last is None:
        return []
    lines = read_ledger(home.lake(last, "extracts", f"{contract.source}.files"))
    before = sum(line.accepted for line in lines if line.state == "current")
    return [Measure(contract.source, "rows_against_last_batch", rows / before, before)] if before else []


def print_all(files: Sequence[Checked], values: Sequence[Values], out: TextIO | None = None) -> int:
    """Show the values' troubles, then the files as `print_check` does.

    Returns:
        the exit code: 1 if a batch would stop, else 0.
    """
    out = out or sys.stdout
    for one in values:
        if lines := one.lines():
            out.write("\n".join(lines) + "\n")
    code = print_check(files, out)
    stops = sum(one.stops for one in values)
    if stops:
        out.write(f"另有 {stops} 个数据源的内容会使批次停下，见上面的 ✗。\n")
    return 1 if stops else code


def as_json(files: Sequence[Checked], values: Sequence[Values]) -> str:
    """Everything found, for a machine: files, troubles by column, limits, questions, and whether the batch would stop."""

    def error(stop: DataError | None) -> dict[str, str] | None:
        return None if stop is None else {"what": stop.what, "where": stop.where, "todo": stop.todo}

    told = {
        "stops": any(one.stops is not None for one in files) or any(one.stops for one in values),
        "files": [
            {
                **{key: value for key, value in vars(one).items() if key not in ("stops", "reasons")},
                "reasons": {code: {"rows": number, "first": first} for code, (number, first) in one.reasons.items()},
                "stops": error(one.stops),
            }
            for one in files
        ],
        "columns": [
            {"batch": one.batch, "source": one.source, **asdict(found) | {"first": [list(place) for place in found.first]}}
            for one in values
            for found in one.found
        ],
        "limits": [
            {
                "batch": one.batch,
                "source": one.source,
                "measure": result.limit.name,
                "severity": result.limit.severity,
                "measured": result.measured,
                "text": result.in_words(),
            }
            for one in values
            for result in one.failed
        ],
        "questions": [asdict(question) for one in values for question in one.questions],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)
