"""Capture and recapture: what no key found, from how far the keys agree on what they did find."""

import numpy as np
import polars as pl
import pytest

from pipelines.linkage.config import load_config
from pipelines.linkage.measure.missed import KINDS, estimate, keep_key_patterns, kind_of, missed_matches
from pipelines.storage import Home
from tests.builders.leads_lake import declared_columns

BATCH = "2026-10"


def simulated(rng, catches, given, matches, *, source="medical", mode=2, strangers=0):
    """Patterns of `matches` true pairs, each kind of `given` finding its share; and how many nothing found."""
    caught = np.stack([rng.random(matches) < catches[kind] for kind in given], axis=1)
    patterns, counts = np.unique(caught, axis=0, return_counts=True)
    said = "+".join(kind for kind in KINDS if kind in given)
    rows = [
        {"source": source, "mode": mode, "given": said, "found": "+".join(k for k, hit in zip(given, row, strict=True) if hit),
         "open_identities": 0, "matches": float(n), "linked": float(n)}
        for row, n in zip(patterns, counts, strict=True) if row.any()
    ]  # fmt: skip
    rows.append(
        {
            "source": source,
            "mode": mode,
            "given": said,
            "found": "",
            "open_identities": matches + strangers,
            "matches": 0.0,
            "linked": 0.0,
        }
    )
    return rows, int((~caught.any(axis=1)).sum())


def test_independent_kinds_tell_what_all_of_them_missed():
    rows, gone = simulated(np.random.default_rng(1), {"id": 0.9, "phone": 0.6, "birth": 0.7}, ["id", "phone", "birth"], 50_000)
    found = estimate(pl.DataFrame(rows))
    assert found.never_found == pytest.approx(gone, rel=0.1)
    assert found.catches["phone"] == pytest.approx(0.6, abs=0.01)


def test_records_that_give_one_kind_only_are_judged_by_those_that_give_more():
    rng, catches = np.random.default_rng(2), {"id": 0.95, "phone": 0.6, "name": 0.8}
    rich, _ = simulated(rng, catches, ["id", "phone", "name"], 30_000)
    poor, gone = simulated(rng, catches, ["name"], 5_000, source="wages", mode=5)
    by = {row["source"]: row for row in estimate(pl.DataFrame(rich + poor)).by_source.to_dicts()}
    assert by["wages"]["missed"] == pytest.approx(gone, rel=0.1)


def test_kinds_that_fail_together_make_it_a_lower_bound():
    rng = np.random.default_rng(3)
    plain, gone_plain = simulated(rng, {"phone": 0.9, "name": 0.9}, ["phone", "name"], 20_000)
    spoilt, gone_spoilt = simulated(rng, {"phone": 0.3, "name": 0.3}, ["phone", "name"], 2_000)
    found = estimate(pl.DataFrame(plain + spoilt))
    assert 0 < found.never_found < gone_plain + gone_spoilt


def test_nobody_is_missed_who_is_not_open():
    rows, _ = simulated(np.random.default_rng(4), {"phone": 0.05, "name": 0.05}, ["phone", "name"], 2_000)
    rows[-1]["open_identities"] = 250
    assert estimate(pl.DataFrame(rows)).never_found <= 250


def test_where_every_kind_finds_everything_nothing_is_missed():
    rows, _ = simulated(np.random.default_rng(5), {"id": 1.0, "name": 1.0}, ["id", "name"], 3_000)
    assert estimate(pl.DataFrame(rows)).never_found < 1


def test_every_key_is_of_the_kind_that_it_demands():
    kinds = {name: kind_of(key) for name, key in load_config().keys.items()}
    assert kinds["repaired_id"] == kinds["last_eight"] == kinds["owner_household"] == "id"
    assert kinds["surname_phone"] == "phone"
    assert kinds["sound_village"] == "village"
    assert kinds["swapped_day"] == kinds["name_lunar"] == kinds["name_year"] == "birth"
    assert kinds["rare_name"] == "name"
    assert kinds["linked_household"] is None


def test_the_counts_are_kept_as_declared_and_read_back(tmp_path):
    config, home = load_config(), Home(tmp_path, memory="300MB", threads=1)
    by_name, by_phone = config.key_bit("name_birth"), config.key_bit("name_phone") | config.key_bit("phone_itself")
    with home.connect() as connection:
        # unit 1: two identities with name, birth date and phone, found by both; unit 2: no phone, nobody found
        connection.execute(
            """CREATE TABLE unit_profile AS SELECT * FROM (VALUES (1, 11), (1, 12), (2, 13)) AS t(unit, profile)"""
        )
        connection.execute("CREATE TABLE unit_source AS SELECT * FROM (VALUES (1, 'a'), (2, 'a')) AS t(eid, source)")
        face = "name, pinyin, surname, birth, lunar, own_birth, sex, id, id_status, sound, phone, town, village, address, mode"
        connection.execute(f"""CREATE TABLE unit_row AS SELECT profile, {face}, NULL::INTEGER AS born_from FROM (VALUES
            (11, '王芳', 'wangfang', '王', 19900101, 19891205, NULL, '女', NULL, 'missing', false, '13900000001', NULL, NULL, NULL, 5),
            (12, '王芳', 'wangfang', '王', 19900101, 19891205, NULL, '女', NULL, 'missing', false, '13900000001', NULL, NULL, NULL, 5),
            (13, '李强', 'liqiang', '李', 19900102, 19891206, NULL, '男', NULL, 'missing', false, NULL, NULL, NULL, NULL, 5)
            ) AS t(profile, {face})""")
        connection.execute(
            f"CREATE TABLE scored AS SELECT 1 AS l, 7 AS r, {by_name | by_phone}::BIGINT AS keys, 'a' AS source, 5 AS mode"
        )
        connection.execute("CREATE TABLE ranked AS SELECT 1 AS l, 7 AS r, 0.99::DOUBLE AS p, 1 AS place")
        connection.execute("CREATE TABLE decided AS SELECT 1 AS l, 7 AS r, 'link' AS does")
        keep_key_patterns(connection, config, home, BATCH)
        described = connection.execute(f"DESCRIBE FROM read_parquet('{home.lake(BATCH, 'linkage', 'key_patterns')}')").fetchall()
        rows = connection.execute("FROM key_pattern ORDER BY given, found").fetchall()
    assert [(row[0], row[1]) for row in described] == declared_columns("linkage.sql", "key_patterns")
    assert rows == [
        ("a", 5, "birth+name", "", 1, 0.0, 0.0),
        ("a", 5, "phone+birth+name", "", 2, 0.0, 0.0),
        ("a", 5, "phone+birth+name", "phone+birth", 0, 1.98, 1.98),
    ]
    assert missed_matches(home, BATCH).by_source["linked"].to_list() == [1.98]


def test_a_batch_linked_before_counts_were_kept_has_no_estimate(tmp_path):
    assert missed_matches(Home(tmp_path, memory="300MB", threads=1), BATCH) is None
