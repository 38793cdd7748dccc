"""One lead's page: what stands on it, masked for a role.

Belongs here: the page's parts. Does not belong here: where they come from (`explain`) and how they look (`view`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """One member of the household, masked."""

    person_id: str
    name: str
    id_number: str
    relation: str
    sex: str
    age: int | None
    covered: str
    left: str
    """Empty, or why they are no longer in the household."""


@dataclass(frozen=True)
class Ground:
    """One finding of the lead with what it rests on.

    Attributes:
        rule_id, title, level, outcome: of the finding; outcome true or unknown.
        whom: the masked name, or 全家.
        reason: its sentence.
        law: documents and articles.
        ask: what to verify.
        facts: meaning, value as written, window and sources of each input.
        parameters: title, value, since when, document and status of each.
        records: source title, file, rows.
        missing: what is unknown, what is needed, and from which department (empty: a clerk of the district decides).
        version: of the rule.
    """

    rule_id: str
    title: str
    level: str
    outcome: str
    whom: str
    reason: str
    law: list[str]
    ask: str
    facts: list[tuple[str, str, str, str]]
    parameters: list[tuple[str, str, str, str, str]]
    records: list[tuple[str, str, str]]
    missing: list[tuple[str, str, str]]
    version: str


@dataclass(frozen=True)
class Explanation:
    """One lead, explained."""

    lead_id: str
    batch: str
    as_of: str
    direction: str
    level: str
    status: str
    due_date: str
    place: str
    times_raised: int
    last_outcome: str
    programmes: list[str]
    role: str
    address: str
    phone: str
    disputed: str
    """Empty, or what a caseworker found of the household that the data does not say."""
    members: list[Member]
    grounds: list[Ground]
