"""The sample district, whose truth is known: how well records are linked, also where the errors are others."""

import duckdb
import pytest

from pipelines.contracts import load_contracts
from pipelines.extracts import extract_source
from pipelines.linkage import lake, link
from pipelines.linkage.train.train import train
from pipelines.progress import Silent
from pipelines.sample import write_district
from pipelines.standardise import standardise_source
from pipelines.storage import Home

BATCH = "2026-10"
OTHER_CHANNEL = """
scale: {id_typo: 2, id_transposed: 2, id_digit_lost: 2, id_missing: 2, id_mothers: 2, name_homophone: 2, name_lookalike: 2,
  name_lost: 2, name_short: 2, name_swapped: 2, birth_year: 2, birth_swapped: 2, birth_lunar: 2,
  phone_changed: 0, phone_missing: 1000, address_short: 0, address_long: 0, address_missing: 1000}
"""


@pytest.fixture(scope="module", params=["as the sample has it", "twice the typos, no phones, no addresses"])
def district(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("district")
    channel = None
    if request.param != "as the sample has it":
        channel = root / "channel.yaml"
        channel.write_text(OTHER_CHANNEL, encoding="utf-8")
    write_district(root, 2500, 13, [BATCH], Silent(), channel=channel)
    home = Home(root / "home", memory="1GB", threads=2)
    for contract in load_contracts().values():
        extract_source(home, BATCH, contract, root, Silent())
        standardise_source(home, BATCH, contract, Silent())
    return root, home


def quality(root, home):
    """Pair precision and recall, and the share of rows a clerk is asked about."""
    with duckdb.connect() as connection:
        return connection.execute(f"""
            WITH joined AS (
                SELECT person_id, true_person FROM {lake.person_records(home, BATCH)}
                JOIN '{root}/truth/person_record.parquet' USING (batch, source, file, row_no, member_no)
            ),
            cell AS (SELECT person_id, true_person, count(*) AS n FROM joined GROUP BY ALL),
            found AS (SELECT sum(n) AS n FROM cell GROUP BY person_id),
            true_ones AS (SELECT sum(n) AS n FROM cell GROUP BY true_person),
            right_ones AS (SELECT sum(n * (n - 1)) AS pairs FROM cell)
            SELECT (SELECT pairs FROM right_ones) / (SELECT sum(n * (n - 1)) FROM found),
                (SELECT pairs FROM right_ones) / (SELECT sum(n * (n - 1)) FROM true_ones),
                (SELECT count(DISTINCT record_id) FROM '{home.lake(BATCH, "linkage", "match_review")}') / (SELECT count(*) FROM joined)
        """).fetchall()[0]


def test_records_are_linked_as_well_as_is_promised(district):
    root, home = district
    link(home, BATCH, load_contracts(), Silent())
    precision, recall, asked = quality(root, home)
    assert precision >= 0.9998
    assert recall >= 0.998
    assert asked < 0.01


def test_a_model_learnt_from_the_district_links_it_no_worse_and_knows_how_good_it_is(district):
    root, home = district
    counts = train(home, BATCH, load_contracts(), Silent())
    assert counts["hidden_precision"] >= 0.99
    assert link(home, BATCH, load_contracts(), Silent())["model"] == counts["model"] == 1
    precision, recall, _ = quality(root, home)
    assert precision >= 0.9998
    assert recall >= 0.998
