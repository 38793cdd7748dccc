"""Every warning that a row can keep is explained to the officer."""

import re
from pathlib import Path

import pipelines.standardise
from pipelines.standardise.characters import rows


def test_each_warning_the_stage_can_write_has_a_chinese_explanation_and_something_to_do():
    explained = {row["value"]: row for row in rows("value_warnings")}
    room = Path(pipelines.standardise.__file__).parent
    names = set(re.findall(r'said = (?:said or )?"(\w+)"|said or "(\w+)"', (room / "names.py").read_text(encoding="utf-8")))
    others = set(re.findall(r"':(\w+)'|:(unknown_code)'|\"(not_\w+)\"\)", (room / "projection.py").read_text(encoding="utf-8")))
    written = {name for found in names | others for name in found if name}
    assert written == set(explained)
    assert all(row["label"] and row["todo"] for row in explained.values())
