"""A published district, and what its people would write on a form."""

import datetime as dt

import pytest

from pipelines.casework.access import Actor
from pipelines.casework.clock import day_of, now
from pipelines.casework.store import Store
from pipelines.check.form import judge_rows
from pipelines.check.perform import perform
from pipelines.check.report import read_report
from pipelines.storage import quoted
from tests.builders.district_home import BATCH

OFFICER = Actor("qu", "district", title="区")
TODAY = day_of(now())


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path / 'cases.sqlite'}")
    yield made
    made.close()


class Town:
    """The published district as a test asks about it."""

    def __init__(self, home):
        self.home = home

    def rows(self, query):
        tables = {
            name: f"read_parquet('{quoted(self.home.lake(BATCH, stage, table))}')"
            for name, stage, table in (
                ("PERSON", "linkage", "persons"), ("FACT", "assess", "person_fact"), ("MEMBER", "households", "members"),
                ("HOUSEHOLD", "households", "households"), ("EDGE", "households", "edges"), ("VEHICLES", "standardised", "vehicles"),
                ("IDENTITIES", "linkage", "identities"), ("FINDING", "assess", "findings"),
            )
        }  # fmt: skip
        for name, relation in tables.items():
            query = query.replace(name, relation)
        with self.home.connect() as connection:
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def household(self, where="true", *, receiving=False):
        """The members of one assistance household with sound ids, the head first."""
        found = self.rows(f"""
            WITH whole AS (
                SELECT m.household_id FROM MEMBER AS m JOIN PERSON AS p USING (person_id) JOIN FACT AS f USING (person_id)
                JOIN (FROM HOUSEHOLD WHERE kind = 'assistance') AS h ON h.household_id = m.household_id
                WHERE m.kind = 'assistance' GROUP BY m.household_id
                HAVING bool_and(p.id_status = 'valid') AND bool_and(p.alive) AND count(*) BETWEEN 2 AND 6
                    AND bool_or(coalesce(f.on_any_roster, false)) = {receiving} AND ({where})
                ORDER BY m.household_id LIMIT 1)
            SELECT m.household_id, h.town, p.person_id, p.name, p.id_number, p.phone, p.birth_date, m.relation,
                m.person_id = h.head_person_id AS head, f.age
            FROM MEMBER AS m SEMI JOIN whole USING (household_id) JOIN PERSON AS p USING (person_id) JOIN FACT AS f USING (person_id)
            JOIN (FROM HOUSEHOLD WHERE kind = 'assistance') AS h ON h.household_id = m.household_id
            WHERE m.kind = 'assistance' ORDER BY head DESC, p.person_id""")
        assert found, where
        return found


@pytest.fixture
def town(district_home):
    return Town(district_home)


def row(person, relation=None, **more):
    """A row of the form for a person of the district, authorised today."""
    cells = {
        "application_no": "SQ1", "name": person["name"], "id_number": person["id_number"] or "", "matter": "低保",
        "relation": relation or ("本人" if person["head"] else person["relation"] or "其他亲属"), "sex": "", "birth_date": "", "phone": "",
        "address": "", "income": "", "property": "", "form_no": "SQS-1", "signed_on": str(TODAY), "valid_to": "", "scope": "全部",
        "signed_by": "本人" if (person.get("age") or 40) >= 18 else "监护人", "town": person["town"] or "王台街道",
        "accepted_on": str(TODAY),
    }  # fmt: skip
    return cells | {name: "" if value is None else str(value) for name, value in more.items()}


def asked(home, store, rows, actor=OFFICER):
    """Check the rows' households; the reports, and what was refused."""
    applications, refused = judge_rows(list(enumerate(rows, 2)))
    assert not refused, refused
    done = perform(home, store, applications, actor)
    return [read_report(store, one.check_id, OFFICER) if one.check_id else one.refused for one in done]


def answer(report, position, source):
    """What a source answered about a member."""
    member = next(one for one in report["members"] if one["position"] == position)
    title = source
    if title in member["nothing"]:
        return "nothing"
    why = {one["title"]: one["why"] for one in member["unasked"]}
    return why.get(title, "found")


def days_ago(days):
    return str(TODAY - dt.timedelta(days=days))
