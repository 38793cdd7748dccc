"""Findings that rest on somebody not being listed, while a row of the list may be theirs.

Belongs here: who is asked about, when a rule's screen rests on that, and how it is said. Does not belong here: which facts are
not known because of it (`facts.compute`), how a rule runs (`run`).

A row that linkage could not place stands under some other person, or alone, until it is decided whose it is. Its likeliest owner
looks unlisted meanwhile: measured on 200,000 residents, 7 of the 11 children whom U20 called out of school wrongly were such. The
sentence of such a finding names the rows, and its inputs hold them.
"""

from typing import TYPE_CHECKING

from pipelines.assess.rules.conditions import Condition
from pipelines.contracts import load_contracts

if TYPE_CHECKING:
    import duckdb

    from pipelines.assess.rules.catalogue import Catalogue

ASKED = {"person": "asked_sources", "household": "household_asked_sources"}
"""The facts that say of which sources a row may be somebody's."""

RECORDS = "asked_records"
"""In the facts of those asked about: which rows, for a sentence."""
_NAMED = 3

TO_DECIDE = "已有记录可能是此人的：请先在待判断清单中判断归属，清单里没有的按线索写明的文件和行核对"
"""What is to be done before any department is asked for more."""


def find_asked(connection: "duckdb.DuckDBPyConnection") -> set[str]:
    """Make `asked_person_fact` and `asked_household_fact`, the facts of those asked about and of their households.

    Few are: a rule looks at them apart, so that its query over the district is no slower.

    Returns:
        the sources concerned; none in a batch whose facts were computed before such questions were looked at.
    """
    columns = {row[0] for table in ASKED for row in connection.execute(f"DESCRIBE {table}_fact").fetchall()}
    if not columns.issuperset(ASKED.values()):
        return set()
    _name_records(connection)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE asked_household_fact AS
        SELECT h.*, r.{RECORDS} FROM household_fact AS h
        LEFT JOIN (SELECT whose AS household_id, {RECORDS} FROM asked_record) AS r USING (household_id)
        WHERE {ASKED["household"]} IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE asked_person_fact AS
        SELECT p.*, coalesce(r.{RECORDS}, h.{RECORDS}) AS {RECORDS} FROM person_fact AS p
        LEFT JOIN (SELECT whose AS person_id, {RECORDS} FROM asked_record) AS r USING (person_id)
        LEFT JOIN (SELECT household_id, {RECORDS} FROM asked_household_fact) AS h USING (household_id)
        WHERE {ASKED["person"]} IS NOT NULL OR household_id IN (SELECT household_id FROM asked_household_fact)
    """)
    rows = connection.execute(f"""
        SELECT unnest({ASKED["person"]}) FROM asked_person_fact
        UNION SELECT unnest({ASKED["household"]}) FROM asked_household_fact
    """).fetchall()
    return {source for (source,) in rows}


def _name_records(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make `asked_record` (whose, asked_records): the rows that may be a person's, or of a household's members, as one text.

    Without `possible_records` (a rule's own cases) it is empty.
    """
    there = connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'possible_records'").fetchall()
    rows = "possible_records" if there else "(SELECT '' AS person_id, '' AS source, '' AS file, 0 AS row_no WHERE false)"
    titles = ", ".join(f"'{contract.source}': '{contract.title}'" for contract in load_contracts().values())
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE asked_record AS
        WITH named AS (
            SELECT person_id, (MAP {{{titles}}})[source] || ' ' || file || ' 第' || row_no || '行' AS text FROM {rows}
        ), whose AS (
            SELECT person_id AS whose, text FROM named
            UNION SELECT p.household_id, n.text FROM named AS n JOIN person_fact AS p USING (person_id)
            WHERE p.household_id IS NOT NULL
        )
        SELECT whose, array_to_string(list(text ORDER BY text)[:{_NAMED}], '、')
            || CASE WHEN count(*) > {_NAMED} THEN '等' || count(*) || '条' ELSE '' END AS {RECORDS}
        FROM whose GROUP BY whose
    """)


def listings(screen: Condition, catalogue: "Catalogue") -> dict[str, tuple[str, ...]]:
    """The yes-or-no facts of a screen that are read from lists, and the sources of each."""
    facts = [catalogue.facts[name] for name in screen.facts]
    return {fact.name: fact.sources for fact in facts if fact.type == "BOOLEAN" and fact.sources}


def rests_on_questions(screen: Condition, catalogue: "Catalogue") -> str:
    """SQL: the screen would be true if nobody were asked about, and all it lacks are rows that a clerk has still to place.

    A screen that anything else makes unknown gives no finding: it is what keeps "we know too little" from flagging half the
    district.
    """
    due = " OR ".join(
        f"(x = '{catalogue.facts[name].missing_as}' AND "
        f"coalesce(list_has_any({ASKED[catalogue.facts[name].table]}, {list(sources)}), false))"
        for name, sources in listings(screen, catalogue).items()
    )
    others = f"list_filter({screen.missing}, lambda x: NOT ({due}))"
    return f"({screen.sql}) IS NULL AND ({screen.unlisted}) AND len({others}) = 0"


def undecided(screen: Condition, catalogue: "Catalogue", *, of_household: bool) -> str:
    """SQL of the sentence of such a finding. `as_of` is a column of whoever runs it."""
    facts = [catalogue.facts[name] for name in screen.facts]
    told = ", ".join(f"'{fact.missing_as}': '{catalogue.describe(fact.missing_as).split('；')[0]}'" for fact in facts)
    lacking = f"array_to_string(list_transform({screen.missing}, lambda x: (MAP {{{told}}})[x]), '、')"
    whose = "户内成员" if of_household else "此人或户内成员"
    return (
        f"'有记录可能是{whose}的' || coalesce('（' || {RECORDS} || '）', '') || "
        f"'，归属还没有判断，因此不能确定：' || {lacking} || "
        "'；请先判断这条记录是谁的；数据截至 ' || strftime(as_of, '%Y-%m-%d')"
    )
