"""Explanations: what is told of a record or a person is what the engine weighed, and no more than the reader may see."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import DataError, UsageError
from pipelines.linkage.config import load_config
from pipelines.linkage.decide.weights import current_model
from pipelines.linkage.review.explain import explain_person
from pipelines.linkage.review.retrace import retrace
from tests.builders.town import BATCH, Town, slip
from tests.linkage.test_traps import LIANG, furnish


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town(tmp_path_factory.mktemp("explained"), households=90)
    furnish(town)
    return town.standardise().link()


def place(town, tag, member=0):
    row = town.record(tag, member)
    return f"{row['source']}:{row['file']}:{row['row_no']}:{member}"


def test_a_record_is_told_field_by_field_with_level_bits_sum_probability_and_model(town):
    text = explain_person(town.home, place(town, "liang_typo"))
    assert f"人员 {town.person('liang')}" in text
    assert "证号差一处" in text
    assert "综合各项证据" in text
    bits = [float(b) for b in re.findall(r"  ([+-]\d+\.\d)$", text, re.MULTILINE)]
    assert sum(bits[:-1]) == pytest.approx(bits[-1], abs=0.05 * len(bits))  # the last line is the sum
    assert re.search(r"随便一个人起点 -\d+\.\d", text)
    assert "归并模型：model-0（预设的权重）" in text


def test_the_runner_up_is_told_with_what_speaks_for_it(town):
    text = explain_person(town.home, place(town, "child_in_hospital"))  # a child under the mother's id
    assert f"人员 {town.person('child')}" in text
    runner_up = next(line for line in text.splitlines() if "次优人选" in line)
    assert town.person("mother") in runner_up
    assert "证号、出生日期：证号相同" in runner_up


def test_a_person_is_told_with_all_rows_that_are_it(town):
    text = explain_person(town.home, town.person("old_man"))
    for tag in ("old_man", "fifteen_digits", "zeros", "masked", "digit_lost"):
        row = town.record(tag)
        assert f"{row['file']} 第 {row['row_no']} 行" in text, tag


def test_a_record_is_held_against_what_others_said_and_not_against_itself(town):
    config = load_config()
    row = town.record("scientific")  # no usable id: only its phone speaks beside the name
    with town.home.connect() as connection:
        found = retrace(
            connection,
            town.home,
            BATCH,
            [row["record_id"], town.record("old_man")["record_id"]],
            config=config,
            model=current_model(town.home.root / "models", config),
            contracts=town.contracts,
        )
        brought = connection.execute(
            "SELECT count(*) FROM pair_face AS f JOIN pair AS p ON p.r = f.eid JOIN unit_profile AS u ON u.unit = p.l "
            "JOIN brought_face AS b ON b.profile = u.profile AND b.eid = p.eid AND b.phone IS NOT DISTINCT FROM f.phone "
            "WHERE b.phone NOT IN (SELECT phone FROM only_others WHERE phone IS NOT NULL)"
        ).fetchall()
    assert brought == [(0,)]
    assert found[town.record("old_man")["record_id"]].began
    assert found[row["record_id"]].candidates[0].person_id == town.person("old_man")


def test_what_is_retraced_agrees_with_what_was_decided(town):
    tags = ["liang_typo", "ming_typo", "zeros", "masked", "digit_lost", "neighbours", "ouyang_typo"]
    records = {town.record(tag)["record_id"]: tag for tag in tags}
    config = load_config()
    with town.home.connect() as connection:
        model = current_model(town.home.root / "models", config)
        found = retrace(connection, town.home, BATCH, list(records), config=config, model=model, contracts=town.contracts)
    for record, tag in records.items():
        best = found[record].candidates[0]
        assert best.person_id == town.person(tag), tag
        assert best.probability == pytest.approx(town.record(tag)["match_probability"], abs=0.02), tag


@pytest.mark.parametrize("role", ["district", "village", "public"])
def test_no_whole_id_phone_or_birth_date_is_shown_to_any_role(town, role):
    text = explain_person(town.home, place(town, "liang_typo"), role)
    for hidden in (LIANG, slip(LIANG, 12), "13700000005", "2008-05-12", "20080512", "周家亮"):
        assert hidden not in text


def test_the_public_sees_neither_ids_nor_phones_nor_addresses(town):
    text = explain_person(town.home, town.person("yueran"), "public")
    assert LIANG[-4:] not in text
    assert "137****" not in text
    assert "证号" in text  # the comparison is named, its values are not
    assert not re.search(r"\d{4}-\*\*", text)


def test_an_id_that_was_given_up_leads_to_the_survivor(town):
    old, survivor = "P00000000000", town.person("liang")
    path = town.home.lake(BATCH, "linkage", "person_alias")
    kept = path.read_bytes()
    table = pq.read_table(path)
    row = pa.table([[old], [survivor], [BATCH], ["人工确认为同一人"]], schema=table.schema)
    pq.write_table(pa.concat_tables([table, row]), path)
    try:
        text = explain_person(town.home, old)
    finally:
        path.write_bytes(kept)
    assert text.startswith(f"{old} 在批次 {BATCH} 并入 {survivor}（人工确认为同一人）")
    assert f"曾用编号 {old}" in text


def test_unknown_subjects_are_refused_in_plain_words(town):
    with pytest.raises(DataError, match="没有编号为"):
        explain_person(town.home, "PZZZZZZZZZZZ")
    with pytest.raises(DataError, match="找不到这一行"):
        explain_person(town.home, "vehicles:没有.csv:3")
    with pytest.raises(UsageError, match="人员编号"):
        explain_person(town.home, "张三")
    with pytest.raises(UsageError, match="角色"):
        explain_person(town.home, town.person("liang"), "mayor")


def test_explaining_writes_nothing(town):
    before = {path: path.stat().st_mtime_ns for path in town.home.root.rglob("*.parquet")}
    explain_person(town.home, town.person("liang"))
    assert {path: path.stat().st_mtime_ns for path in town.home.root.rglob("*.parquet")} == before
