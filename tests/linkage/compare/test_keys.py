"""Candidates: the pairs that the keys find are those a plain reading of the keys' declaration finds."""

import itertools

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.linkage.compare.keys import candidate_pairs, known_values, make_repairs, sought_values
from pipelines.linkage.config import Config
from tests.builders.town import id_of, slip

KEYS = {
    "whole": {"same": ["name", "born"], "cap": 2, "finer": ["place"]},
    "name": {"same": ["name"], "cap": 3, "when": "born IS NULL"},
    "crossed": {"same": ["name", "born"], "against": ["name", "other"], "cap": 4},
    "near": {"from": "kin", "same": ["who"], "against": ["eid"], "cap": 4},
}
CONFIG = Config.model_validate({"keys": KEYS, "comparisons": {}})
COLUMNS = ("name", "born", "other", "place")

faces = st.lists(
    st.tuples(
        st.integers(1, 8),
        st.sampled_from(["王", "李", None]),
        st.sampled_from([1, 2, None]),
        st.sampled_from([1, 2, None]),
        st.sampled_from(["东", "西", None]),
    ),
    max_size=14,
)
kin = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), max_size=6)


def blocks(key, finer, rows, *, against):
    """Value of the key → entities, read off the declaration."""
    columns = (key.get("against") or key["same"]) if against else key["same"]
    columns = [*columns, *(key["finer"] if finer else ())]
    found = {}
    for row in rows:
        if not against and key.get("when") and row["born"] is not None:
            continue
        value = tuple(row[column] for column in columns)
        if None not in value:
            found.setdefault(value, set()).add(row["eid"])
    return found


def expected(left, right, relations, *, itself):
    pairs = {}
    for name, key in KEYS.items():
        seekers = relations if "from" in key else left
        coarse_known = blocks(key, False, right, against=True)
        big = {value for value, who in coarse_known.items() if len(who) > key["cap"] + itself}
        for finer in (False, True) if "finer" in key else (False,):
            looking, known = blocks(key, finer, seekers, against=False), blocks(key, finer, right, against=True)
            for value, who in looking.items():
                there = known.get(value, set())
                if (value[: len(key["same"])] in big) != finer or len(there) > key["cap"] + itself:
                    continue
                for a, b in itertools.product(who, there):
                    if itself and (a == b if "against" in key else a >= b):
                        continue
                    ends = (min(a, b), max(a, b)) if itself else (a, b)
                    pairs[ends] = pairs.get(ends, 0) | CONFIG.key_bit(name)
    return pairs


def as_rows(faces):
    return [dict(zip(("eid", *COLUMNS), face, strict=True)) for face in faces]


def filled(connection, table, faces):
    connection.execute(f"CREATE TABLE {table} (eid BIGINT, name VARCHAR, born INTEGER, other INTEGER, place VARCHAR)")
    if faces:
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", faces)


@settings(max_examples=60, deadline=None)
@given(faces, faces, kin)
def test_one_pass_finds_what_key_by_key_would(left, right, related):
    with duckdb.connect() as connection:
        filled(connection, "l", left)
        filled(connection, "r", right)
        connection.execute("CREATE TABLE kin (eid BIGINT, who BIGINT, born INTEGER)")
        if related:
            connection.executemany("INSERT INTO kin VALUES (?, ?, NULL)", related)
        candidate_pairs(connection, CONFIG, "l", "r", relations={"kin": "kin"})
        found = {(a, b): keys for a, b, keys in connection.execute("FROM pairs").fetchall()}
    relations = [{"eid": eid, "who": who, "born": None} for eid, who in related]
    assert found == expected(as_rows(left), as_rows(right), relations, itself=False)


@settings(max_examples=60, deadline=None)
@given(faces)
def test_among_themselves_two_records_meet_once(rows):
    with duckdb.connect() as connection:
        filled(connection, "t", rows)
        candidate_pairs(connection, CONFIG, "t", "t")
        found = {(a, b): keys for a, b, keys in connection.execute("FROM pairs").fetchall()}
    without = {
        pair: keys & ~CONFIG.key_bit("near") for pair, keys in expected(as_rows(rows), as_rows(rows), [], itself=True).items()
    }
    assert found == {pair: keys for pair, keys in without.items() if keys}


@settings(max_examples=40, deadline=None)
@given(faces, faces)
def test_every_pair_that_a_key_finds_shares_a_value_that_a_pass_over_the_known_side_gives(left, right):
    with duckdb.connect() as connection:
        filled(connection, "l", left)
        filled(connection, "r", right)
        candidate_pairs(connection, CONFIG, "l", "r")
        sought, known = sought_values(CONFIG, "l", "repair"), known_values(CONFIG, "r")
        missed = connection.execute(f"""FROM pairs WHERE (l, r) NOT IN (
            SELECT (s.eid, k.eid) FROM ({sought}) AS s JOIN ({known}) AS k USING (h))""").fetchall()
    assert missed == []


@pytest.mark.parametrize("times", [1, 2])
def test_ids_that_were_mended_once_stay_mended(times):
    own = id_of("19790514", 312)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE f AS SELECT 1::BIGINT AS eid, ? AS id, 2 AS mode", [slip(own, 16)])
        for _ in range(times):
            make_repairs(connection, "f")
        connection.execute("CREATE TABLE g AS SELECT 7::BIGINT AS eid, ? AS id, 2 AS mode", [slip(own, 16)])
        make_repairs(connection, "g")
        assert (7, own) in connection.execute("SELECT eid, repaired FROM repair").fetchall()
