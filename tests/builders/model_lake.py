"""A few people and what the departments' rows say of them, written as the lake's standardised and linked tables.

Belongs here: building the input of households and facts in a test, where everybody's true relations are known. People are
called by what they are in the story (父, 母, 甲); that is also their person_id.
"""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts import load_contracts
from pipelines.standardise import columns
from pipelines.storage import Home

CONTRACTS = load_contracts()

_ARROW = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "TINYINT": pa.int8(),
    "UBIGINT": pa.uint64(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "DOUBLE": pa.float64(),
    "DECIMAL(18,2)": pa.decimal128(18, 2),
    "DECIMAL(18,4)": pa.decimal128(18, 4),
}

_PERSON = {
    "person_id": "VARCHAR", "name": "VARCHAR", "id_number": "VARCHAR", "id_status": "VARCHAR", "sex": "VARCHAR", "birth_date": "DATE",
    "town": "VARCHAR", "village": "VARCHAR", "grid": "VARCHAR", "address": "VARCHAR", "phone": "VARCHAR", "alive": "BOOLEAN",
    "death_date": "DATE", "provisional": "BOOLEAN", "source_count": "INTEGER", "first_batch": "VARCHAR", "last_batch": "VARCHAR",
}  # fmt: skip

_IDENTITY = {
    "identity_hash": "UBIGINT", "source_no": "TINYINT", "sound": "BOOLEAN", "household": "UBIGINT", "person_id": "VARCHAR",
    "batch": "VARCHAR", "match_method": "VARCHAR", "match_probability": "DOUBLE",
}  # fmt: skip

_QUESTION = {
    "record_id": "BIGINT", "batch": "VARCHAR", "source": "VARCHAR", "file": "VARCHAR", "row_no": "INTEGER", "member_no": "TINYINT",
    "candidate_person_id": "VARCHAR", "probability": "DOUBLE", "reason": "VARCHAR",
}  # fmt: skip

_ALIAS = {"old_person_id": "VARCHAR", "person_id": "VARCHAR", "batch": "VARCHAR", "reason": "VARCHAR"}


def day(text: str | dt.date | None) -> dt.date | None:
    """A date from YYYY-MM-DD, or from YYYY-MM (its first day)."""
    if text is None or isinstance(text, dt.date):
        return text
    return dt.date.fromisoformat(text if len(text) > 7 else f"{text}-01")


class ModelLake:
    """The rows of one batch.

    A source has a file (perhaps an empty one) unless it is named in `absent`: so "not listed" is the usual case of a test,
    and "not known" is asked for.
    """

    def __init__(self, root: Path, batch: str = "2026-10", absent: tuple[str, ...] = (), people: dict | None = None) -> None:
        self.home = Home(root, memory="1GB", threads=2)
        self.batch = batch
        self.absent = absent
        self.people: dict[str, dict] = {k: dict(v) for k, v in (people or {}).items()}
        self.rows: dict[str, list[dict]] = {source: [] for source in CONTRACTS}
        self.identities: list[dict] = []
        self.aliases: list[dict] = []
        self.questions: list[dict] = []

    def person(self, who: str, sex: str | None = None, born: str | None = None, name: str | None = None) -> str:
        """Make somebody known, or say more of them."""
        one = self.people.setdefault(
            who, {"person_id": who, "name": name or who, "alive": True, "provisional": True, "first_batch": self.batch}
        )
        one.update({key: value for key, value in {"sex": sex, "birth_date": day(born), "name": name}.items() if value})
        return who

    def row(self, source: str, *who: str | None, row_no: int | None = None, file: str = "甲.csv", **values: object) -> None:
        """One row of a source about one person, or about the members of a wide row in order (None: nobody)."""
        number = row_no or 2 + len({(r["file"], r["row_no"]) for r in self.rows[source]})
        types = columns(CONTRACTS[source])
        unknown = set(values) - set(types)
        assert not unknown, unknown
        for member_no, one in enumerate(who):
            if one is None:
                continue
            self.person(one)
            self.people[one]["last_batch"] = self.batch
            record_id = CONTRACTS[source].number << 56 | (1 if file == "甲.csv" else 2) << 40 | number << 4 | member_no
            identity = {
                "record_id": record_id, "identity_hash": record_id, "source": source, "file": file, "row_no": number, "member_no": member_no, "name": self.people[one]["name"],
            }  # fmt: skip
            typed = {key: day(value) if types[key] == "DATE" else value for key, value in values.items()}
            self.rows[source].append(identity | typed)
            self.identities.append({
                "identity_hash": record_id, "source_no": CONTRACTS[source].number, "person_id": one, "batch": self.batch,
                "match_method": "exact_id",
            })  # fmt: skip

    def register(self, household_no: str | None, town: str = "王台街道", village: str = "一村", **people: str) -> None:
        """A 户号 of the register: who (with sex and birth as `person` told them) stands in which relation to the 户主."""
        for who, relation in people.items():
            self.row("police_household", who, household_key=household_no, relation=relation, town=town, village=village)
            self.people[who]["provisional"] = False

    def died(self, who: str, on: str, reason: str = "死亡", row: bool = True) -> None:
        """A row of the death register; `row=False` where an earlier batch brought it."""
        if row:
            self.row("police_death", who, death_date=on, cancel_reason=reason)
        if reason == "死亡":
            self.people[who] |= {"alive": False, "death_date": day(on)}

    def ask(self, source: str, *candidates: str) -> None:
        """A row of a source that a clerk has still to give to one of these, or to nobody."""
        self.questions += [
            {"source": source, "file": "乙.csv", "row_no": 2, "candidate_person_id": one, "probability": 0.5, "batch": self.batch}
            for one in candidates
        ]

    def next_month(self, batch: str, keep: tuple[str, ...] = ()) -> "ModelLake":
        """The month after, with the same people; the rows of the sources in `keep` are sent again."""
        later = ModelLake(self.home.root, batch, self.absent, self.people)
        for source in keep:
            later.rows[source] = [dict(row) for row in self.rows[source]]
            later.identities += [one for one in self.identities if one["source_no"] == CONTRACTS[source].number]
            for one in later.identities:
                later.people[one["person_id"]]["last_batch"] = batch
        return later

    def write(self) -> Home:
        """Write the tables as linkage leaves them."""
        for source, contract in CONTRACTS.items():
            if source not in self.absent:
                types = columns(contract)
                self._table(self.home.lake(self.batch, "standardised", source), types, self.rows[source])
        linkage = self.home.lake(self.batch, "linkage", "persons").parent
        people = [{"id_status": "missing", **one} for one in self.people.values()]
        self._table(linkage / "persons.parquet", _PERSON, people)
        self._table(linkage / "person_alias.parquet", _ALIAS, self.aliases)
        self._table(linkage / "match_review.parquet", _QUESTION, self.questions)
        self._table(linkage / "identities.parquet", _IDENTITY, self.identities)
        return self.home

    def read(self, stage: str, table: str) -> list[dict]:
        """The rows a stage wrote."""
        return pq.read_table(self.home.lake(self.batch, stage, table)).to_pylist()

    @staticmethod
    def _table(path: Path, types: dict[str, str], rows: list[dict]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([(name, _ARROW[sql_type]) for name, sql_type in types.items()])
        arrays = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


class Facts:
    """What was computed of the people of a lake: `facts["甲"]` is the person's row and their household's in one."""

    def __init__(self, lake: ModelLake) -> None:
        from pipelines.assess.facts.compute import compute_facts
        from pipelines.households import build_households
        from pipelines.progress import Silent

        lake.write()
        build_households(lake.home, lake.batch, Silent())
        self.counts = compute_facts(lake.home, lake.batch, Silent())
        self.lake = lake
        self.households = {row["household_id"]: row for row in lake.read("assess", "household_fact")}
        self.persons = {row["person_id"]: row for row in lake.read("assess", "person_fact")}

    def __getitem__(self, who: str) -> dict:
        person = self.persons[who]
        return person | self.households.get(person["household_id"], {})
