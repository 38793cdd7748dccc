"""What the data leaves in doubt, and what the officer answered: a batch stops until somebody has said that it is right.

Belongs here: the questions that stopped a batch, the answers with who gave them, when and why, and whether an answer holds.
Does not belong here: what is doubtful (`extracts.compare`, `linkage.measure.arrivals`).

A question is about contents, by their SHA-256: another file of the same name is asked about anew.
"""

import csv
import datetime as dt
import functools
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipelines.declarations import read_declared, validated
from pipelines.errors import DataError, UsageError
from pipelines.storage import SCHEMAS, Home, whole_or_absent

Kind = Literal["short", "part", "repeated", "strangers"]
Answer = Literal["yes", "both", "instead"]
"""yes: it is right as it is; both: two files with the same rows both count; instead: this one takes the other's place."""

HEADINGS = ("批次", "数据源", "对象", "事由", "答复", "内容", "代替的内容", "谁", "何时", "为什么", "当时的提示")


class Limits(BaseModel):
    """`schemas/arrival.yaml`: from what difference on somebody is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float
    few: int
    part_rows: int
    part_share: float
    repeated: float
    known_drop_warning: float
    known_drop_stop: float
    known_least_warning: float
    known_least_stop: float
    known_rows: int
    months_older: int
    events_missed: int


@functools.cache
def limits() -> Limits:
    """The declared limits.

    Raises:
        DeclarationError: the file is not what it should be.
    """
    return validated(read_declared(SCHEMAS / "arrival.yaml")[0], Limits, example="schemas/arrival.yaml")


@dataclass(frozen=True)
class Question:
    """One doubt about a source's batch.

    Args:
        batch: the month.
        source: the source's key.
        subject: what it is called in a command: a file, a town, or empty for the whole source.
        kind: short: fewer rows than last time; part: a town or file is missing; repeated: two files hold the same rows;
            strangers: too few of the rows find a known person.
        content: of what contents it was asked; another content, another question.
        what: what happened, in Chinese, with numbers only.
        other: the other file's content, for `repeated`.
    """

    batch: str
    source: str
    subject: str
    kind: Kind
    content: str
    what: str
    other: str = ""

    @property
    def name(self) -> str:
        """What the officer calls it."""
        return f"{self.source}/{self.subject}" if self.subject else self.source


@dataclass(frozen=True)
class Answers:
    """What was accepted so far in a home folder."""

    rows: Sequence[dict[str, str]] = field(default_factory=list)

    def open(self, questions: Iterable[Question]) -> list[Question]:
        """The questions that nobody answered."""
        known = {(row["批次"], row["数据源"], row["对象"], row["事由"], row["内容"]) for row in self.rows}
        return [one for one in questions if (one.batch, one.source, one.subject, one.kind, one.content) not in known]

    def replaced(self, batch: str, source: str) -> set[str]:
        """Contents (SHA-256) in whose place others are to be read."""
        return {
            row["代替的内容"]
            for row in self.rows
            if (row["批次"], row["数据源"], row["答复"]) == (batch, source, "instead") and row["代替的内容"]
        }


def content_of(*digests: str) -> str:
    """One content of several."""
    return hashlib.sha256("\0".join(sorted(digests)).encode()).hexdigest()


def register(home: Home) -> Path:
    """Where the answers are kept."""
    return home.root / "accepted.csv"


def read_answers(home: Home) -> Answers:
    """Every answer given in a home folder."""
    path = register(home)
    if not path.exists():
        return Answers()
    with path.open(encoding="utf-8-sig", newline="") as file:
        return Answers([{heading: row.get(heading) or "" for heading in HEADINGS} for row in csv.DictReader(file)])


def ask(home: Home, batch: str, source: str, questions: Sequence[Question]) -> None:
    """Keep what is asked about one source's batch, in place of what was asked before; none clears it."""
    path = _asked(home, batch) / f"{source}.json"
    if not questions:
        path.unlink(missing_ok=True)
        return
    with whole_or_absent(path) as new:
        new.write_text(json.dumps([asdict(one) for one in questions], ensure_ascii=False, indent=1), encoding="utf-8")


def asked(home: Home, batch: str) -> list[Question]:
    """What is asked about a batch and was not answered yet."""
    folder = _asked(home, batch)
    found = [Question(**one) for path in sorted(folder.glob("*.json")) for one in json.loads(path.read_text(encoding="utf-8"))]
    return read_answers(home).open(found)


def stop(home: Home, batch: str, source: str, questions: Sequence[Question], *, when: str) -> None:
    """Ask the open ones of some questions of one source, if there are any.

    Args:
        home: the home folder.
        batch: the month.
        source: whose questions they are.
        questions: all of them, answered or not.
        when: what has not been done because of it, as the officer reads it.

    Raises:
        DataError: something is open; tells each with what to do.
    """
    still = read_answers(home).open(questions)
    ask(home, batch, source, still)
    if not still:
        return
    said = "\n".join(f"  · {one.what}" for one in still)
    raise DataError(
        f"{when}，要先有人确认：\n{said}",
        where=f"批次 {batch}，{'、'.join(dict.fromkeys(one.name for one in still))}",
        todo=_todo(still, batch),
    )


def _todo(still: Sequence[Question], batch: str) -> str:
    source = still[0].source
    name = source if len(still) > 1 else still[0].name
    call = f"zhudong accept {name} --batch {batch} --home 工作文件夹 --clerk 姓名 --reason 原因"
    if any(one.kind == "repeated" for one in still):
        return (
            "问清部门哪个文件作数。后来的代替先前的：在下面的命令后加 --instead；两个都要算：加 --both；"
            f"放错了的：从文件夹里拿走后重新运行。\n      {call}"
        )
    return f"向部门问清。缺了：补齐后重新运行；确实如此：由负责人确认，记下原因，再运行：\n      {call}"


def accept(home: Home, batch: str, name: str, answer: Answer | None, clerk: str, reason: str) -> list[Question]:
    """Answer what is asked about a source (all of it) or about one file or town of it.

    Args:
        home: the home folder.
        batch: the month.
        name: `source` or `source/subject`.
        answer: `both` or `instead` for files with the same rows; None elsewhere.
        clerk: who answers.
        reason: why it is right.

    Returns:
        the questions answered.

    Raises:
        UsageError: nobody or no reason is named, or the answer does not fit the question.
        DataError: nothing of that name is asked.
    """
    if not clerk.strip() or not reason.strip():
        raise UsageError("请写明是谁确认的（--clerk）和原因（--reason）。")
    source = name.partition("/")[0]
    of_source = [one for one in asked(home, batch) if one.source == source]
    chosen = [one for one in of_source if name in (one.source, one.name)]
    if not chosen:
        listed = "、".join(one.name for one in asked(home, batch))
        raise DataError(
            f"没有等待确认的“{name}”。",
            where=f"批次 {batch}",
            todo=f"等待确认的有：{listed}。" if listed else "这个批次没有等待确认的事；先运行一次 zhudong run。",
        )
    if answer is None and any(one.kind == "repeated" for one in chosen):
        raise UsageError("两个文件的行相同：后来的代替先前的加 --instead，两个都要算加 --both。")
    if answer is not None and not any(one.kind == "repeated" for one in chosen):
        raise UsageError("--instead 和 --both 只用于两个文件的行相同时。")
    if answer == "instead" and any(one.kind == "repeated" and not one.other for one in chosen):
        raise UsageError("同一个工作簿的两个工作表不能互相代替：请在文件里删掉不要的那个，再运行。")
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    rows = list(read_answers(home).rows)
    for one in chosen:
        said: Answer = answer if one.kind == "repeated" and answer else "yes"
        other = one.other if said == "instead" else ""
        values = (
            one.batch,
            one.source,
            one.subject,
            one.kind,
            said,
            one.content,
            other,
            clerk.strip(),
            at,
            reason.strip(),
            one.what,
        )
        rows.append(dict(zip(HEADINGS, values, strict=True)))
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, HEADINGS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    with whole_or_absent(register(home)) as new:
        new.write_text(written.getvalue(), encoding="utf-8-sig", newline="")
    ask(home, batch, source, [one for one in of_source if one not in chosen])
    return chosen


def _asked(home: Home, batch: str) -> Path:
    return home.root / "asked" / batch
