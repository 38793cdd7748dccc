"""A lake with one source whose numbers are known."""

import pytest

from pipelines.contracts import load_contracts
from pipelines.storage import Home, write_parquet

REGISTER = load_contracts()["police_household"]
COLUMNS = list(REGISTER.text_columns())


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home", threads=1)


@pytest.fixture
def register():
    return REGISTER


@pytest.fixture
def write(home):
    """Write a batch's tables of the register: what each row holds is given as SQL over its number i (from 0)."""

    def written(rows, batch="2026-10", rejected=0, states="'valid'", warnings="NULL", **columns):
        held = ", ".join(f"({columns.get(name, repr(name) + ' || i')})::VARCHAR AS {name}" for name in COLUMNS)
        with home.connect() as connection:
            write_parquet(
                connection,
                f"SELECT 'f.csv' AS file, (i + 2)::INTEGER AS row_no, {held} FROM range({rows}) t(i)",
                home.lake(batch, "extracts", REGISTER.source),
            )
            write_parquet(
                connection,
                f"SELECT 'f.csv' AS file, i::INTEGER AS row_no FROM range({rejected}) t(i)",
                home.lake(batch, "extracts", f"{REGISTER.source}.rejected"),
            )
            write_parquet(
                connection,
                f"SELECT {states} AS id_status, ({warnings})::VARCHAR[] AS warnings FROM range({rows}) t(i)",
                home.lake(batch, "standardised", REGISTER.source),
            )

    return written
