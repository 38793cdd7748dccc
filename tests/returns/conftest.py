"""A month whose lists are out, and ways to send them back."""

import copy
import csv
import dataclasses
import datetime as dt
import io
import shutil

import pytest

from pipelines.assess.leads.leads import raise_leads
from pipelines.progress import Silent
from pipelines.publish.worklists import write_worklists
from pipelines.returns.stage import read_returns
from tests.builders.leads_lake import OCTOBER, LeadsLake

SENT = dt.datetime(2026, 11, 20, 2, 0, tzinfo=dt.UTC)


class Month:
    """The lists of 2026-10 for a few households, and the folder they come back to."""

    def __init__(self, root, households=4):
        self.lake = LeadsLake(root / "home")
        self.folder = root / "returned"
        self.folder.mkdir()
        self.lake.rule("U01", "red")
        self.lake.rule("U05", "orange")
        for number in range(households):
            person = self.lake.person(f"P{number:011d}")
            self.lake.household(f"H{number:011d}", person, f"Q{number:011d}")
            self.lake.finding(
                "2026-10",
                "U01",
                f"H{number:011d}",
                person,
                records=[("medical_settlement", "a.csv", number + 2)],
                medical_burden_12m=31000,
            )
        self.home = self.lake.home
        self.issue("2026-10", OCTOBER)

    def issue(self, batch, today):
        self.lake.write(batch)
        self.lake._write(batch, "linkage", "person_records", "linkage.sql", [
            {"record_id": n, "batch": batch, "source": "medical_settlement", "file": "a.csv", "row_no": n + 2, "member_no": 0,
             "person_id": f"P{n:011d}", "match_method": "exact_id", "match_probability": 1.0, "identity_hash": 1000 + n}
            for n in range(len(self.lake.findings[batch]))
        ])  # fmt: skip
        raise_leads(self.home, batch, Silent(), today=today)
        write_worklists(self.home, batch, Silent())
        self.leads = [
            row["lead_id"] for row in sorted(self.lake.read(batch, "assess", "leads"), key=lambda row: row["household_id"])
        ]

    @property
    def csv_list(self):
        return next(self.home.worklists("2026-10").glob("*王台街道_走访清单.csv"))

    @property
    def xlsx_list(self):
        return self.csv_list.with_suffix(".xlsx")

    def rows(self):
        """The list's rows as a caseworker's program holds them, in the order of the leads."""
        with self.csv_list.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return sorted(rows, key=lambda row: self.leads.index(row["线索编号"]))

    def send(self, rows, name="回填.csv", encoding="utf-8-sig", headings=None, delimiter=","):
        headings = headings or list(rows[0])
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, headings, extrasaction="ignore", restval="", delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        (self.folder / name).write_bytes(text.getvalue().encode(encoding))

    def read(self, now=SENT):
        return read_returns(self.folder, self.home, Silent(), now=now)

    def answers(self, batch="2026-10"):
        """The standing answers by lead number."""
        return {row["lead_id"]: row for row in self.lake.read(batch, "returns", "followups") if not row["superseded"]}

    def not_taken(self, name="回填.csv", batch="2026-10"):
        path = self.home.returns(batch) / f"{name}_未采用.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def issued(tmp_path_factory):
    """The month as it was when its lists went out; the tests work on copies."""
    return Month(tmp_path_factory.mktemp("issued"))


@pytest.fixture
def month(issued, tmp_path):
    copied = copy.deepcopy(issued)
    shutil.copytree(issued.home.root, tmp_path / "home")
    copied.lake.home = copied.home = dataclasses.replace(issued.home, root=tmp_path / "home")
    copied.folder = tmp_path / "returned"
    copied.folder.mkdir()
    return copied
