"""Looks for what could be somebody's: valid id numbers and mobile numbers in committed files other than the synthetic samples.

Run by pre-commit and by a test. Prints file and line number, never the value.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ID_NUMBER = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")
WEIGHTS, CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
SYNTHETIC = ("data_samples/", "tests/")
"""Places whose ids are made up, by a generator or for a case."""


def is_valid(number: str) -> bool:
    """Whether the check digit of GB 11643 holds."""
    return CHECKS[sum(int(d) * w for d, w in zip(number, WEIGHTS, strict=False)) % 11] == number[17].upper()


def found() -> list[str]:
    """`file:line` of everything that looks like a real id number."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    places = []
    for name in filter(None, listed):
        path = ROOT / name
        if name.startswith(SYNTHETIC) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if any(is_valid(match) for match in ID_NUMBER.findall(line)):
                places.append(f"{name}:{number}")
    return places


if __name__ == "__main__":
    if places := found():
        print("像是真实证号的内容：", *places, sep="\n")
        sys.exit(1)
