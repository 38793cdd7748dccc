"""The synthetic district's files, in all their encodings and formats, against what it says it wrote into which row."""

import polars as pl

from pipelines.contracts import load_contracts
from pipelines.extracts import check_folder, extract_source
from pipelines.progress import Silent
from pipelines.sample import write_district
from pipelines.storage import Home


def test_every_row_the_district_wrote_is_accepted_under_its_number(tmp_path):
    contracts, home = load_contracts(), Home(tmp_path / "home")
    write_district(tmp_path / "d", 1000, 3, ["2026-10"], Silent())
    truth = pl.read_parquet(tmp_path / "d" / "truth" / "person_record.parquet")
    assert not [line for result in check_folder(tmp_path / "d", contracts, Silent()) if result.stops for line in result.lines()]
    for source, contract in contracts.items():
        extract_source(home, "2026-10", contract, tmp_path / "d", Silent())
        path = home.lake("2026-10", "extracts", source)
        expected = set(truth.filter(pl.col("source") == source).select("file", "row_no").iter_rows())
        rows = pl.read_parquet(path) if path.exists() else None
        found = rows.select("file", "row_no").rows() if rows is not None else []
        assert len(found) == len(set(found))
        assert expected <= set(found), source
        # a meter's row may bear no name: it is accepted, and nobody's
        nameless = (
            set()
            if rows is None or source != "utilities"
            else set(rows.filter(pl.col("name").is_null()).select("file", "row_no").rows())
        )
        assert set(found) - expected <= nameless, source
