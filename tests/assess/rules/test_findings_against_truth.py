"""A whole synthetic month, everybody's rows known: each rule of the page finds exactly those whom the truth names.

Linkage is taken as perfect here (the truth says whose row each is), so that what differs is a household, a fact or a rule.
"""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.assess.facts.compute import compute_facts
from pipelines.assess.income.compute import compute_income
from pipelines.assess.measure.evaluate import evaluate_findings
from pipelines.assess.rules.catalogue import load_catalogue
from pipelines.assess.rules.findings import run_rules
from pipelines.assess.rules.load import load_rules
from pipelines.assess.rules.run import SECOND_PASS, find, prepare
from pipelines.contracts import load_contracts
from pipelines.extracts import extract_source
from pipelines.households import build_households
from pipelines.parameters import district_area, load_parameters
from pipelines.progress import Silent
from pipelines.sample import write_district
from pipelines.sample.district import World, true_household
from pipelines.sample.households import Plan
from pipelines.sample.sources import all_sources
from pipelines.sample.true_income import Income
from pipelines.sample.truth import Truth
from pipelines.standardise import standardise_source
from pipelines.storage import Home, quoted, write_parquet

BATCH = "2026-10"
PERSONS, SEED = 1500, 15

_RECORDS = """
    SELECT s.record_id, '{batch}' AS batch, t.source, t.file, t.row_no, t.member_no, t.true_person AS person_id,
        'exact_id' AS match_method, 1.0::DOUBLE AS match_probability, NULL::UBIGINT AS identity_hash
    FROM read_parquet('{truth}/person_record.parquet') AS t
    JOIN identity AS s USING (source, file, row_no, member_no) WHERE t.batch = '{batch}'
"""

_PERSONS = """
    WITH record AS (FROM read_parquet('{records}')),
    dead AS (
        SELECT r.person_id, min(coalesce(d.death_date, d.cancelled_on)) AS death_date
        FROM record AS r JOIN read_parquet('{deaths}') AS d USING (record_id) WHERE d.cancel_reason = '死亡' GROUP BY ALL
    ),
    registered AS (
        SELECT r.person_id, arg_min(i.town, i.record_id) AS town, arg_min(i.village, i.record_id) AS village
        FROM record AS r JOIN identity AS i USING (record_id) WHERE r.source = 'police_household' GROUP BY ALL
    )
    SELECT p.true_person AS person_id, p.name, p.id_number, 'valid' AS id_status, p.sex::VARCHAR AS sex, p.birth_date,
        g.town, g.village, NULL::VARCHAR AS grid, NULL::VARCHAR AS address, NULL::VARCHAR AS phone,
        d.person_id IS NULL AS alive, d.death_date, g.person_id IS NULL AS provisional, 1 AS source_count,
        '{batch}' AS first_batch, '{batch}' AS last_batch
    FROM read_parquet('{truth}/person.parquet') AS p
    LEFT JOIN dead AS d ON d.person_id = p.true_person LEFT JOIN registered AS g ON g.person_id = p.true_person
    WHERE p.true_person IN (SELECT person_id FROM record)
"""


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    root = tmp_path_factory.mktemp("district")
    write_district(root / "extracts", PERSONS, SEED, [BATCH], Silent())
    home, truth = Home(root / "home", memory="1GB", threads=2), root / "extracts" / "truth"
    contracts = load_contracts()
    for contract in contracts.values():
        extract_source(home, BATCH, contract, root / "extracts", Silent())
        standardise_source(home, BATCH, contract, Silent())
    with home.connect() as connection:
        rows = [
            f"SELECT record_id, source, file, row_no, member_no, town, village FROM read_parquet('{quoted(home.lake(BATCH, 'standardised', source))}')"
            for source in contracts
        ]
        connection.execute(f"CREATE VIEW identity AS {' UNION ALL '.join(rows)}")
        given = {"batch": BATCH, "truth": truth, "deaths": home.lake(BATCH, "standardised", "police_death")}
        given["records"] = home.lake(BATCH, "linkage", "person_records")
        write_parquet(connection, _RECORDS.format(**given), given["records"])
        write_parquet(connection, _PERSONS.format(**given), home.lake(BATCH, "linkage", "persons"))
        nobody = "SELECT ''::VARCHAR AS old_person_id, ''::VARCHAR AS person_id, ''::VARCHAR AS batch, ''::VARCHAR AS reason WHERE false"
        write_parquet(connection, nobody, home.lake(BATCH, "linkage", "person_alias"))
    build_households(home, BATCH, Silent())
    compute_facts(home, BATCH, Silent())
    compute_income(home, BATCH, Silent())
    run_rules(home, BATCH, Silent())
    return home, truth


@pytest.fixture(scope="module")
def evaluation(district):
    return evaluate_findings(district[0], BATCH, district[1])


def test_every_rule_finds_exactly_those_whom_the_truth_names(evaluation):
    differ = [row for row in evaluation.by_rule.iter_rows(named=True) if not row["found"] == row["true"] == row["agreed"]]
    assert differ == []


def test_the_truth_speaks_of_every_rule_of_the_page(evaluation):
    page = {f"U{number:02}" for number in range(1, 23)} | {f"O{number:02}" for number in range(1, 9)}
    second_group = {f"U{number}" for number in (*range(34, 40), 46, 47)} | {f"O{number}" for number in range(15, 22)}
    by_classes = {"U44", "U45", "O24", "O25"}
    assert set(evaluation.by_rule["rule_id"]) == page | second_group | by_classes


def test_every_household_flagged_is_a_true_one_and_none_is_missed(evaluation):
    for row in evaluation.households.iter_rows(named=True):
        assert row["found"] == row["true"] == row["agreed"] > 0


def test_each_class_of_income_is_reckoned_the_same_by_who_shares_no_code(district):
    home, truth = district
    month = World(Plan(PERSONS, SEED, (BATCH,)), 0, 0).months[0]
    true = Truth(month, all_sources(month), None)
    own = Income(true, all_sources(month)).intervals()
    units = np.flatnonzero(true.size > 0)
    parts = [
        pl.DataFrame({"unit": units, "class": one, "own_low": own.low[one][units] / 100, "own_high": own.high[one][units] / 100})
        for one in own.low
    ]
    with home.connect() as connection:
        of_unit = pl.concat(parts).with_columns(true_household=true_household(0, true.family.alone))
        connection.register("own", of_unit.to_arrow())
        statements = quoted(home.lake(BATCH, "assess", "income_statement"))
        facts = quoted(home.lake(BATCH, "assess", "person_fact"))
        differ = connection.execute(f"""
            WITH household AS (
                SELECT household_id, any_value(true_household) AS true_household
                FROM read_parquet('{facts}') JOIN read_parquet('{truth}/household.parquet') ON true_person = person_id
                WHERE kind = 'assistance' GROUP BY household_id
            ), ours AS (
                SELECT true_household, class, sum(low) AS low, sum(coalesce(high::DOUBLE, 'inf')) AS high
                FROM read_parquet('{statements}') JOIN household USING (household_id) WHERE counted GROUP BY ALL
            )
            SELECT class, true_household FROM own FULL JOIN ours USING (true_household, class)
            WHERE abs(coalesce(low, 0) - coalesce(own_low, 0)) > 0.1 OR coalesce(high, 0) <> coalesce(own_high, 0)
                AND NOT abs(coalesce(high, 0) - coalesce(own_high, 0)) <= 0.1
        """).fetchall()
    assert differ == []
    assert of_unit.filter(pl.col("own_high") > 0)["class"].unique().sort().to_list() == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 14]


def test_what_a_household_truly_has_lies_in_its_interval(evaluation):
    """But for wages below the minimum wage, and who works though a certificate says they cannot."""
    held = {row["income"]: row["share"] for row in evaluation.income.iter_rows(named=True)}
    assert held["扣减"] == 1.0
    assert held["合计"] > 0.98
    assert min(held.values()) > 0.95


def test_every_finding_comes_out_again_from_what_it_says_it_rests_on(district):
    """The inputs of a finding are enough to replay it: same facts, same outcome, level and sentence."""
    home, _ = district
    parameters = load_parameters()
    catalogue = load_catalogue(parameters=parameters)
    day = dt.date(2026, 10, 31)
    with home.connect() as connection:
        path = quoted(home.lake(BATCH, "assess", "findings"))
        connection.execute(f"CREATE TABLE finding AS FROM read_parquet('{path}')")
        for rule in load_rules(parameters=parameters, catalogue=catalogue).values():
            running = prepare(rule, parameters, district_area(), day)
            _as_facts(connection, rule, catalogue)
            same = "outcome, level, missing, reason, rule_version"
            find(connection, [running], catalogue, day, before="SELECT household_id, unnest(under) AS rule_id FROM under")
            assert (
                connection.execute(f"SELECT household_id[2:]::INTEGER AS n, {same} FROM found ORDER BY n").fetchall()
                == connection.execute(f"SELECT n, {same} FROM replayed ORDER BY n").fetchall()
            ), rule.declared.rule


def _as_facts(connection, rule, catalogue):
    """The findings of a rule as one person in one household each, with the facts that stand in their inputs and no others."""
    name = rule.declared.rule
    connection.execute(
        f"CREATE OR REPLACE TABLE replayed AS SELECT *, row_number() OVER () AS n FROM finding WHERE rule_id = '{name}'"
    )
    whom = "CASE WHEN inputs LIKE '%\"population\": \"rural\"%' THEN 'rural' ELSE 'urban' END"
    nobody = [f"NULL::VARCHAR AS {column}" for column in ("left_household_id", "register_household_id", "father_id", "mother_id")]
    keys = {
        "person": ["'P' || n AS person_id", *nobody, "true AS alive", "true AS authorised", f"{whom} AS population"],
        "household": [f"{whom} AS household_population"],
    }
    for table, columns in keys.items():
        for fact in (catalogue.facts[name] for name in rule.facts):
            if fact.table == table and fact.name != SECOND_PASS:
                arrow = "->>" if fact.type == "VARCHAR" else "->"  # a text, not a JSON text
                columns.append(f"CAST(inputs{arrow}'$.facts.{fact.name}' AS {fact.type}) AS {fact.name}")
        connection.execute(
            f"CREATE OR REPLACE TABLE {table}_fact AS SELECT 'H' || n AS household_id, {', '.join(columns)} FROM replayed"
        )
    under = f"CAST(inputs->'$.facts.{SECOND_PASS}' AS VARCHAR[])"
    connection.execute(f"CREATE OR REPLACE TABLE under AS SELECT 'H' || n AS household_id, {under} AS under FROM replayed")
