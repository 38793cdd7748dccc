"""Findings that rest on somebody not being listed, while a row of the list may be theirs.

Belongs here: who is asked about, when a rule's screen rests on that, and how it is said. Does not belong here: which facts are
not known because of it (`facts.compute`), how a rule runs (`run`).

A row that linkage could not place stands under some other person, or alone, until a clerk decides. Its likeliest owner looks
unlisted meanwhile: measured on 200,000 residents, 7 of the 11 children whom U20 called out of school wrongly were such.
"""

from typing import TYPE_CHECKING

from pipelines.assess.rules.conditions import Condition

if TYPE_CHECKING:
    import duckdb

    from pipelines.assess.rules.catalogue import Catalogue

ASKED = {"person": "asked_sources", "household": "household_asked_sources"}
"""The facts that say of which sources a row may be somebody's."""


TO_DECIDE = "已有记录可能是此人的：请先在待判断清单中判断归属"
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
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE asked_household_fact AS FROM household_fact WHERE {ASKED["household"]} IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE asked_person_fact AS
        FROM person_fact
        WHERE {ASKED["person"]} IS NOT NULL OR household_id IN (SELECT household_id FROM asked_household_fact)
    """)
    rows = connection.execute(f"""
        SELECT unnest({ASKED["person"]}) FROM asked_person_fact
        UNION SELECT unnest({ASKED["household"]}) FROM asked_household_fact
    """).fetchall()
    return {source for (source,) in rows}


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
        f"'有记录可能是{whose}的，归属还在待判断清单里，因此不能确定：' || {lacking} || "
        "'；请先在清单中判断；数据截至 ' || strftime(as_of, '%Y-%m-%d')"
    )
