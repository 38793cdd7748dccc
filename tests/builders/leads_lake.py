"""A lake just large enough for leads, worklists and returns: what the tests put into it is the truth they check against."""

import datetime as dt
import json
from pathlib import Path

from pipelines.lake_tables import declared_tables, lake_table
from pipelines.storage import SCHEMAS, Home, write_parquet

DECLARED = {table: columns for path in (SCHEMAS / "lake").glob("*.sql") for table, columns in declared_tables(path).items()}
"""Every table of the lake: its columns."""

_LEVEL_BELOW = {"red": "orange", "orange": "yellow", "yellow": "yellow"}


class LeadsLake:
    """Households, persons, rules and findings by batch; `write(batch)` puts them into the lake as the stages would."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root, memory="1GB", threads=2)
        self.persons: dict[str, dict] = {}
        self.households: dict[str, dict] = {}
        self.members: list[tuple] = []
        self.aliases: list[tuple] = []
        self.rules: dict[str, dict] = {}
        self.findings: dict[str, list[dict]] = {}
        self.facts: dict[str, dict] = {}

    def person(
        self, person_id, name="张三丰", id_number="370211198003051230", birth_date="1980-03-05", phone="13812345678", **more
    ):
        self.persons[person_id] = {
            "person_id": person_id, "name": name, "id_number": id_number, "id_status": "valid", "sex": "1",
            "birth_date": birth_date, "town": "王台街道", "village": "徐村", "grid": "003", "address": "徐村12号", "phone": phone,
            "alive": True, "death_date": None, "provisional": False, "source_count": 2, "first_batch": "2026-10", "last_batch": "2026-10",
            **more,
        }  # fmt: skip
        return person_id

    def household(self, household_id, *person_ids, town="王台街道", village="徐村", grid="003", register_town=None):
        for person_id in person_ids:
            if person_id not in self.persons:
                self.person(person_id)
        self.households[household_id] = {
            "household_id": household_id, "kind": "assistance", "head_person_id": person_ids[0], "town": town, "village": village,
            "grid": grid, "register_town": register_town, "member_count": len(person_ids), "collective": False,
        }  # fmt: skip
        self.members = [row for row in self.members if row[0] != household_id]
        self.members += [(household_id, "assistance", one, "户主" if one == person_ids[0] else "子") for one in person_ids]
        return household_id

    def rule(self, rule_id, level="orange", title=None, programmes=(), **more):
        self.rules[rule_id] = {
            "rule_id": rule_id, "rule_version": "v1", "title": title or f"规则{rule_id}", "level": level, "subject": "person",
            "direction": "under" if rule_id.startswith("U") else "over", "law": ["民发〔2021〕57号 第八条"], "valid_from": "2021-07-01",
            "valid_to": None, "condition": "true", "question": "本人是否愿意申请？", "programmes": list(programmes), "due": None,
            "ran": True, "not_run_reason": None, **more,
        }  # fmt: skip

    def finding(
        self,
        batch,
        rule_id,
        household_id,
        person_id=None,
        *,
        outcome="true",
        level=None,
        missing=(),
        reason="医疗费用高",
        records=(),
        **facts,
    ):
        if rule_id not in self.rules:
            self.rule(rule_id)
        declared = self.rules[rule_id]
        inputs = {"facts": facts, "parameters": {}, "records": [list(record) for record in records]}
        self.findings.setdefault(batch, []).append({
            "finding_id": f"F{len(self.findings[batch]) if batch in self.findings else 0:011d}", "batch": batch, "rule_id": rule_id,
            "rule_version": "v1", "direction": declared["direction"], "outcome": outcome,
            "level": level or (declared["level"] if outcome == "true" else _LEVEL_BELOW[declared["level"]]),
            "person_id": person_id, "household_id": household_id, "inputs": json.dumps(inputs, ensure_ascii=False),
            "missing": list(missing), "reason": reason,
        })  # fmt: skip

    def answer(self, batch, lead_id, code, visited_on=None, *, superseded=False):
        """An answer to a lead of `batch`, as `read_returns` leaves it."""
        rows = self._answers.setdefault(batch, [])
        rows.append({
            "lead_id": lead_id, "outcome_code": code, "visited_on": visited_on or f"{batch}-28", "received_in": batch,
            "file": "a.csv", "row_no": len(rows) + 2, "received_at": f"{batch}-28 10:00:00+08", "superseded": superseded,
        })  # fmt: skip
        self._write(batch, "returns", "followups", "returns.sql", rows)

    @property
    def _answers(self) -> dict:
        return self.__dict__.setdefault("_answer_rows", {})

    def write(self, batch):
        tables = {
            ("linkage", "persons"): self.persons.values(),
            ("linkage", "person_alias"): _named(("old_person_id", "person_id", "batch", "reason"), self.aliases),
            ("households", "households"): self.households.values(),
            ("households", "members"): _named(("household_id", "kind", "person_id", "relation"), self.members),
            ("assess", "rules"): self.rules.values(),
            ("assess", "findings"): self.findings.get(batch, []),
            ("assess", "person_fact"): [{"person_id": person_id, **self.facts.get(person_id, {})} for person_id in self.persons],
        }
        self._write_all(batch, tables)
        return self.home

    def _write(self, batch, stage, table, _ddl, rows):
        self._write_all(batch, {(stage, table): rows})

    def _write_all(self, batch, tables):
        with self.home.connect() as con:
            for (stage, table), rows in tables.items():
                columns = DECLARED[table]
                con.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {column.type}' for name, column in columns.items())})")
                given = list(dict.fromkeys(name for row in rows for name in row))
                if given:
                    places = f"({', '.join('?' * len(given))})"
                    values = [row.get(name) for row in rows for name in given]
                    con.execute(f"INSERT INTO {table} ({', '.join(given)}) VALUES {', '.join([places] * len(rows))}", values)
                write_parquet(con, f"FROM {table}", self.home.lake(batch, stage, table))

    def read(self, batch, stage, table) -> list[dict]:
        with self.home.connect() as con:
            rows = con.sql(f"FROM read_parquet('{self.home.lake(batch, stage, table)}')")
            names = rows.columns
            return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]

    def leads(self, batch) -> dict[tuple[str, str], dict]:
        """The batch's leads by household and direction."""
        return {(row["household_id"], row["direction"]): row for row in self.read(batch, "assess", "leads")}


def _named(names, rows):
    return [dict(zip(names, row, strict=True)) for row in rows]


def declared_columns(ddl: str, table: str) -> list[tuple[str, str]]:
    """Names and types of a table as `schemas/lake` declares it."""
    return [(name, column.type) for name, column in lake_table(ddl.removesuffix(".sql"), table).items()]


OCTOBER = dt.date(2026, 11, 3)
"""A day on which the lists of 2026-10 would go out."""
