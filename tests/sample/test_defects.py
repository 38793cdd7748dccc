from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from pipelines.sample import defects, sources, spelling
from pipelines.sample.channel import channel_spec, luck, share
from pipelines.sample.defects import damage
from pipelines.sample.district import World
from pipelines.sample.households import Plan


@pytest.fixture(scope="module")
def clean(world):
    return sources.all_sources(world)


def written(tmp_path, rates):
    path = tmp_path / "channel.yaml"
    path.write_text(yaml.safe_dump(rates, allow_unicode=True), encoding="utf-8")
    return str(path)


def happened(rows, log):
    return Counter(log["defect"].to_list()), len(rows)


@pytest.mark.parametrize(
    "defect", ["id_typo", "id_transposed", "id_missing", "name_homophone", "name_spaces", "birth_missing", "row_repeated"]
)
def test_a_defect_comes_near_its_stated_rate(world, clean, tmp_path, defect):
    over = written(tmp_path, {"sources": {"medical_enrolment": {defect: 0.04}}})
    _, log = damage("medical_enrolment", clean["medical_enrolment"], world, over)
    count, rows = happened(clean["medical_enrolment"], log)
    assert 0.7 * 0.04 < count[defect] / rows < 1.3 * 0.04


def test_scale_doubles_a_defect_in_every_source(world, clean, tmp_path):
    over = written(tmp_path, {"scale": {"phone_changed": 2}})
    once = damage("medical_enrolment", clean["medical_enrolment"], world, None)[1]
    twice = damage("medical_enrolment", clean["medical_enrolment"], world, over)[1]
    ratio = happened([], twice)[0]["phone_changed"] / happened([], once)[0]["phone_changed"]
    assert 1.6 < ratio < 2.2


def test_a_channel_may_drop_all_phones(world, clean, tmp_path):
    over = written(tmp_path, {"sources": {"police_household": {"phone_missing": 9.0}}})
    rows, _ = damage("police_household", clean["police_household"], world, over)
    assert rows["phone"].null_count() == len(rows)


def test_without_rates_nothing_happens_but_what_is_wrong_with_the_persons_themselves(world, clean, tmp_path):
    spec = channel_spec(None)
    none = dict.fromkeys(spec["default"], 0.0)
    over = written(tmp_path, {"default": none, "sources": dict.fromkeys(sources.SOURCES, none)})
    for source in ("tax_income", "marriage", "medical_settlement"):
        rows, log = damage(source, clean[source], world, over)
        assert set(log["defect"].unique()) <= {"second_id", "shared_id"}
        assert len(rows) == len(clean[source])
    assert_frame_equal(
        damage("tax_income", clean["tax_income"], world, over)[0].select("name", "income"),
        clean["tax_income"].select("name", "income"),
    )


def test_the_log_names_every_changed_id_and_no_other(world, clean):
    rows, log = damage("social_insurance", clean["social_insurance"], world, None)
    before = clean["social_insurance"]
    changed = set(np.flatnonzero((rows["id_number"][: len(before)].fill_null("") != before["id_number"]).to_numpy()).tolist())
    named = set(log.filter(pl.col("defect").str.starts_with("id_") | (pl.col("defect") == "second_id"))["at"].to_list())
    assert changed == {row for row in named if row < len(before)}
    assert changed


def test_a_defect_stays_with_its_person_when_other_rows_come_and_go(world, clean):
    rows = clean["social_insurance"]
    whole, _ = damage("social_insurance", rows, world, None)
    half, _ = damage("social_insurance", rows[::2], world, None)
    assert half["id_number"].to_list()[: len(rows[::2])] == whole["id_number"].to_list()[: len(rows) : 2]


def test_some_defects_are_corrected_in_later_months():
    months = World(Plan(6000, 3, ("2026-10", "2026-11", "2026-12")), 0, 2).months
    wrong = []
    for month in (months[0], months[2]):
        rows = sources.all_sources(month)["social_insurance"]
        sent, log = damage("social_insurance", rows, month, None)
        typos = log.filter(pl.col("defect") == "id_typo")["at"].to_numpy()
        wrong.append(set(sent["who_0"].to_numpy()[typos].tolist()))
    assert len(wrong[0] & wrong[1]) > 0.7 * len(wrong[0])


def test_a_child_may_stand_under_its_mothers_id(world, clean):
    rows, log = damage("medical_enrolment", clean["medical_enrolment"], world, None)
    at = log.filter(pl.col("defect") == "id_mothers")["at"].to_numpy()
    child = rows["who_0"].to_numpy()[at]
    assert len(at)
    assert (world.people["age"][child] < 14).all()
    assert rows["id_number"].gather(at).to_list() == world.people["id"][world.people["mother"][child]].tolist()


def test_two_people_share_one_valid_id_and_one_has_two(world):
    people = world.people
    shared = Counter(people["id"].tolist())
    assert sorted(set(shared.values())) == [1, 2]
    assert people["has_second_id"].sum() >= 5
    second = people["second_id"][people["has_second_id"]]
    assert not set(second) & set(people["id"])


def test_a_repeated_row_is_the_same_in_every_column(world, clean, tmp_path):
    over = written(tmp_path, {"sources": {"medical_settlement": {"row_repeated": 0.05, "row_of_nobody": 0.0}}})
    rows, log = damage("medical_settlement", clean["medical_settlement"], world, over)
    at = log.filter(pl.col("defect") == "row_repeated")["at"]
    originals = rows[: len(clean["medical_settlement"])]
    assert len(rows[at].join(originals, on=rows.columns, how="semi", nulls_equal=True)) == len(at) > 0


def test_every_declared_defect_has_a_place_where_it_happens():
    spec = channel_spec(None)
    happening = {name for name, rate in spec["default"].items() if rate > 0}
    happening |= {name for rates in spec["sources"].values() for name, rate in rates.items() if rate > 0}
    assert happening == set(spec["default"])
    code = Path(defects.__file__).read_text(encoding="utf-8") + Path(spelling.__file__).read_text(encoding="utf-8")
    assert [name for name in spec["default"] if f'"{name}"' not in code] == []


def test_luck_is_even_and_depends_on_every_part():
    keys = np.arange(20_000)
    numbers = share(luck(keys, 1, "a"))
    assert abs(numbers.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(numbers, share(luck(keys, 1, "b")))[0, 1]) < 0.03
    assert abs(np.corrcoef(numbers, share(luck(keys, 2, "a")))[0, 1]) < 0.03


def test_a_settlement_has_its_own_mistakes_not_its_persons(world, clean, tmp_path):
    over = written(tmp_path, {"sources": {"medical_settlement": {"id_missing": 0.3}}})
    rows, _ = damage("medical_settlement", clean["medical_settlement"], world, over)
    mine = rows.group_by("who_0").agg(pl.len(), pl.col("id_number").null_count().alias("lost")).filter(pl.col("len") > 3)
    assert mine.filter((pl.col("lost") > 0) & (pl.col("lost") < pl.col("len"))).height > 0.5 * mine.height


def test_rows_that_are_summed_are_never_repeated(world, clean):
    for source in ("tax_income", "social_insurance"):
        assert len(damage(source, clean[source], world, None)[0]) == len(clean[source])


def test_the_register_comes_to_show_the_other_of_two_valid_ids():
    months = World(Plan(20_000, 3, ("2026-10", "2026-11", "2026-12")), 0, 2).months
    shown = []
    for month in months:
        rows = sources.all_sources(month)["police_household"]
        _, log = damage("police_household", rows, month, None)
        shown.append(log.filter(pl.col("defect") == "second_id").height)
    assert shown[0] == 0 < shown[1] < shown[2]
