"""A connection that has learnt to read values, and a lake with one extract."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from pipelines.contracts import Contract
from pipelines.progress import Silent
from pipelines.standardise import addresses, amounts, characters, ids, standardise_source
from pipelines.storage import Home

settings.register_profile("room", deadline=None, max_examples=40)
settings.load_profile("room")

BATCH = "2026-10"


@pytest.fixture(scope="session")
def connection(tmp_path_factory):
    with Home(tmp_path_factory.mktemp("home"), memory="500MB", threads=1).connect() as connection:
        characters.teach(connection)
        ids.teach_ids(connection)
        amounts.teach_amounts(connection)
        addresses.teach_addresses(connection)
        yield connection


@pytest.fixture(scope="session")
def read_ids(connection):
    """Reads id texts: a dict per text, in the order given."""

    def read(texts, *, certificate=False, batch=BATCH):
        table = pa.table({"place": range(len(texts)), "raw": pa.array(texts, pa.string())})
        connection.register("id_texts", table)
        query = ids.reading("id_texts", "raw", "id", batch, certificate=certificate)
        rows = connection.sql(f"SELECT * FROM ({query}) ORDER BY place").to_arrow_table().to_pylist()
        connection.unregister("id_texts")
        return [{name.removeprefix("id_"): value for name, value in row.items() if name.startswith("id_")} for row in rows]

    return read


@pytest.fixture(scope="session")
def say(connection):
    """Gives an SQL expression's value for each text: `say("money(t)", ["1", "2"])`."""

    def read(expression, texts):
        connection.register("texts", pa.table({"place": range(len(texts)), "t": pa.array(texts, pa.string())}))
        found = connection.execute(f"SELECT {expression} FROM texts ORDER BY place").fetchall()
        connection.unregister("texts")
        return [value for (value,) in found]

    return read


@pytest.fixture
def standardised(tmp_path):
    """Runs the stage on rows given as dicts and gives what it wrote as dicts, in the order of record ids, and its counts."""
    home = Home(tmp_path, memory="500MB", threads=1)

    def run(contract: Contract, rows, batch=BATCH):
        path = home.lake(batch, "extracts", contract.source)
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = {
            "file": pa.array([row.get("file", "a.csv") for row in rows], pa.string()),
            "row_no": pa.array([row.get("row_no", place + 2) for place, row in enumerate(rows)], pa.int32()),
        }
        for name in contract.text_columns():
            columns[name] = pa.array([row.get(name) for row in rows], pa.string())
        pq.write_table(pa.table(columns), path)
        counts = standardise_source(home, batch, contract, Silent())
        with home.connect() as connection:
            written = str(home.lake(batch, "standardised", contract.source))
            table = connection.sql(f"SELECT * FROM read_parquet('{written}') ORDER BY record_id").to_arrow_table()
        return table.to_pylist(), counts

    run.home = home
    return run
