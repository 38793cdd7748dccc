"""Facts of a few households, now: the batch's own steps over the rows of these households alone.

Belongs here: gathering the rows that the steps read, for some persons instead of the district. Does not belong here: any fact's
own reckoning (the steps are `compute`'s), who may be asked about (the caller says).

What a household is comes from the caller, not from the batch: an applicant's household is who applies. One household or ten
thousand are the same work in sets; the sources are passed over once.
"""

from typing import TYPE_CHECKING

from pipelines.assess.deliveries import carry
from pipelines.assess.facts.compute import (
    Sources,
    join_persons,
    load_earlier,
    load_towns,
    run_step,
    run_steps,
    set_variables,
    sources_read,
)  # fmt: skip
from pipelines.contracts import Contract
from pipelines.lake_tables import column_list
from pipelines.linkage import lake
from pipelines.progress import Reporter
from pipelines.standardise import empty_query
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb


def gather_rows(
    con: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: dict[str, Contract], persons: str
) -> Sources:
    """Make a table `row_<source>` and a view `src_<source>` for each contract, with the rows of some persons; and `near_person`.

    Rows that name nobody are nobody's here: whose household's they are is known where the whole district is.

    Args:
        con: a connection of `Home.connect`.
        home: where the batch lies.
        batch: a linked month.
        contracts: the sources.
        persons: a query giving `person_id`: the members.

    Returns:
        what there is to read.
    """
    edges = f"read_parquet('{quoted(home.lake(batch, 'households', 'edges'))}')"
    con.execute(f"CREATE TEMP TABLE asked_person AS {persons}")
    con.execute(f"""CREATE TEMP TABLE near_person AS
        SELECT person_id FROM asked_person
        UNION SELECT other_person_id FROM {edges} SEMI JOIN asked_person USING (person_id)
        UNION SELECT person_id FROM {edges} WHERE other_person_id IN (FROM asked_person)""")
    con.execute(f"""CREATE TABLE edge AS FROM {edges}
        WHERE person_id IN (FROM near_person) OR other_person_id IN (FROM asked_person)""")
    con.execute(f"CREATE TABLE person AS FROM {lake.persons(home, batch)} SEMI JOIN near_person USING (person_id)")
    alias = f"read_parquet('{quoted(home.lake(batch, lake.STAGE, 'person_alias'))}')"
    con.execute(f"CREATE VIEW person_alias AS FROM {alias}")
    identities = not home.lake(batch, lake.STAGE, "person_records").exists()
    if identities:
        con.execute(f"""CREATE TEMP TABLE whose_row AS SELECT source_no, identity_hash, person_id, match_probability
            FROM {lake.identities(home, batch)} SEMI JOIN near_person USING (person_id)""")
    present = set()
    for contract in contracts.values():
        path = home.lake(batch, "standardised", contract.source)
        if not path.exists():
            con.execute(f"""CREATE VIEW src_{contract.source} AS
                SELECT *, NULL::VARCHAR AS person_id, NULL::DOUBLE AS match_probability FROM ({empty_query(contract)})""")
            continue
        present.add(contract.source)
        if identities:
            rows = f"""SELECT s.*, w.person_id, w.match_probability FROM read_parquet('{quoted(path)}') AS s
                JOIN (FROM whose_row WHERE source_no = {contract.number}) AS w USING (identity_hash)"""
        else:
            rows = f"FROM {lake.rows_of_persons(home, batch, contract)} SEMI JOIN near_person USING (person_id)"
        con.execute(f"CREATE VIEW src_{contract.source} AS {rows}")
    fresh, carried = carry(con, home, batch, contracts, present)
    for source in contracts:
        con.execute(f"CREATE TABLE row_{source} AS FROM src_{source} WHERE person_id IN (FROM near_person)")
        con.execute(f"CREATE OR REPLACE VIEW src_{source} AS FROM row_{source}")
    return Sources(contracts, {source: contracts[source] for source in sources_read(contracts)}, fresh, carried)


def facts_of_few(con: "duckdb.DuckDBPyConnection", home: Home, batch: str, sources: Sources, reporter: Reporter) -> None:
    """Make the tables `person_fact`, `household_fact` and `fact_records` of the households that the connection holds.

    Args:
        con: holds what `gather_rows` made, `household` and `member` (columns of schemas/lake/households.sql, kind assistance),
            `left_household`, `authorisation` (subject, begins, ends) and `withheld` (person_id).
        home: where the batch lies.
        batch: the month.
        sources: what `gather_rows` found.
        reporter: told each step.
    """
    records = [
        f"SELECT record_id, '{batch}' AS batch, source, file, row_no, member_no, person_id, match_probability FROM src_{source}"
        for source in sources.read
    ]
    con.execute(f"CREATE VIEW person_record AS {' UNION ALL '.join(records)}")
    con.execute(f"CREATE VIEW sent AS {' UNION ALL '.join(f'SELECT record_id, source, file FROM row_{s}' for s in sources.read)}")
    set_variables(con, batch, sources.read, sources.fresh)
    load_towns(con)
    load_earlier(con, home, batch)
    run_steps(con, home, batch, sources, reporter, "withheld")
    join_persons(con)
    con.execute(f"CREATE TABLE person_fact AS SELECT {column_list('facts', 'person_fact')} FROM person_income")
    con.execute("CREATE VIEW person_written AS FROM person_fact")
    run_step(con, "household")
    con.execute(f"CREATE TABLE household_fact AS SELECT {column_list('facts', 'household_fact')} FROM household_wide")
