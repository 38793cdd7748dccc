"""Checks on demand and re-checks, at one size: seconds of each household, seconds of all who receive.

Usage: python -m benchmarks.checks --persons 2000000 [--folder /somewhere/large] [--households 20]

Writes and runs a district where the folder holds none yet (as `benchmarks.run` does), then checks households one by one, each as
an officer at the window asks: the first in a process that has read nothing yet. Re-checks everybody on a roster twice: the second
time there is something to compare with. The store is a fresh SQLite file; what lies in the home stays as it was. Prints Markdown.
Wanted: one household ≤ 3 s and 10,000 re-checked ≤ 60 s, both at 2 million persons.
"""

import argparse
import datetime as dt
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines.casework.access import Actor
from pipelines.casework.clock import day_of, now
from pipelines.casework.store import Store
from pipelines.check.form import judge_rows
from pipelines.check.perform import perform
from pipelines.check.recheck import recheck
from pipelines.progress import Silent
from pipelines.storage import Home, quoted

BATCH = "2026-10"
OFFICER = Actor("benchmark", "district")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--persons", type=int, required=True)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--households", type=int, default=20)
    given = parser.parse_args()
    home = published(given.folder, given.persons)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/cases.sqlite")
        seconds = [checked(home, store, rows) for rows in forms(home, given.households)]
        print("| what | households | seconds | wanted |\n|---|---|---|---|")
        print(f"| one household, the first of a process | 1 | {seconds[0]:.2f} | 3 |")
        print(f"| one household, median of the others | {len(seconds) - 1} | {statistics.median(seconds[1:]):.2f} | 3 |")
        print(f"| one household, the slowest of the others | {len(seconds) - 1} | {max(seconds[1:]):.2f} | 3 |")
        for turn in ("first re-check", "second re-check"):
            began = time.monotonic()
            count = recheck(home, store, Silent())["households"]
            took = time.monotonic() - began
            print(f"| {turn} | {count:,} | {took:.1f}, that is {took / max(count, 1) * 10_000:.1f} for 10,000 | 60 for 10,000 |")
        store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    print(f"\npeak {peak:,.0f} MB, {given.persons:,} persons")


def published(folder: Path, persons: int) -> Home:
    """The home of a district of so many persons, run if it is not there."""
    district, home = folder / f"district-{persons}", folder / f"home-{persons}"
    command = [sys.executable, "-m", "pipelines.cli"]
    if not (district / "truth").exists():
        subprocess.run([*command, "sample", district, "--persons", str(persons), "--seed", "7"], check=True)
    if not (home / "warehouse" / "zhudong.duckdb").exists():
        subprocess.run([*command, "run", "--extracts", district, "--home", home, "--batch", BATCH], check=True)
    return Home(home)


def forms(home: Home, count: int) -> list[list[tuple[int, dict[str, str]]]]:
    """Filled forms of households spread over the district: every member, authorised today."""
    tables = {
        name: f"read_parquet('{quoted(home.lake(BATCH, stage, name))}')"
        for stage, name in (("linkage", "persons"), ("households", "members"), ("households", "households"))
    }
    with home.connect() as connection:
        found = connection.execute(f"""
            WITH whole AS (
                SELECT household_id FROM {tables["members"]} JOIN {tables["persons"]} AS p USING (person_id)
                WHERE kind = 'assistance' GROUP BY 1
                HAVING count(*) BETWEEN 2 AND 6 AND bool_and(p.alive AND p.id_status = 'valid')
                ORDER BY hash(household_id) LIMIT {count})
            SELECT household_id, coalesce(h.town, '王台街道'), p.name, p.id_number, m.relation, m.person_id = h.head_person_id,
                date_diff('year', p.birth_date, DATE '2026-10-31')
            FROM {tables["members"]} AS m SEMI JOIN whole USING (household_id) JOIN {tables["persons"]} AS p USING (person_id)
            JOIN (FROM {tables["households"]} WHERE kind = 'assistance') AS h USING (household_id)
            WHERE m.kind = 'assistance' ORDER BY household_id, m.person_id = h.head_person_id DESC""").fetchall()
    today, made = day_of(now()), dict[str, list[tuple[int, dict[str, str]]]]()
    for household, town, name, number, relation, head, age in found:
        rows = made.setdefault(household, [])
        rows.append((len(rows) + 2, form_row(household, (name, number, relation, head, age), town, today)))
    return list(made.values())


def form_row(household: str, person: tuple[str, str, str | None, bool, int], town: str, today: dt.date) -> dict[str, str]:
    """One person's row of the form."""
    name, number, relation, head, age = person
    filled = {
        "application_no": household, "name": name, "id_number": number, "relation": "本人" if head else relation or "其他亲属",
        "matter": "低保", "form_no": "SQS", "signed_on": str(today), "scope": "全部", "town": town, "accepted_on": str(today),
        "signed_by": "本人" if age >= 19 else "监护人",
    }  # fmt: skip
    return dict.fromkeys(("sex", "birth_date", "phone", "address", "income", "property", "valid_to"), "") | filled


def checked(home: Home, store: Store, rows: list[tuple[int, dict[str, str]]]) -> float:
    """Seconds from the form to the kept report."""
    applications, refused = judge_rows(rows)
    assert not refused, "the form was refused"
    began = time.monotonic()
    [done] = perform(home, store, applications, OFFICER)
    assert done.check_id, "no report was made"
    return time.monotonic() - began


if __name__ == "__main__":
    main()
