"""A seventeenth source is one YAML file: it is read, standardised and its records linked, without a line of code."""

from pathlib import Path

from pipelines.contracts import load_contracts
from pipelines.extracts.stage import extract_source
from pipelines.linkage.lake import person_records
from pipelines.linkage.stage import link
from pipelines.progress import Silent
from pipelines.standardise import standardise_source
from pipelines.storage import SCHEMAS, Home

BATCH = "2026-10"
HEATING = Path(__file__).parents[1] / "heating_subsidy.yaml"


def id_with_check(seventeen):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return seventeen + "10X98765432"[sum(int(d) * w for d, w in zip(seventeen, weights, strict=True)) % 11]


def test_a_new_source_is_read_standardised_and_linked_by_its_contract_alone(tmp_path):
    declared = tmp_path / "sources"
    declared.mkdir()
    for name in ("police_household", "police_death"):
        (declared / f"{name}.yaml").write_bytes((SCHEMAS / "sources" / f"{name}.yaml").read_bytes())
    (declared / HEATING.name).write_bytes(HEATING.read_bytes())
    contracts = load_contracts(declared)
    man, woman = id_with_check("37021119900307001"), id_with_check("37021119920101002")
    register = f"户号,与户主关系,姓名,公民身份号码\n001,户主,王小明,{man}\n001,配偶,李芳,{woman}\n"
    heating = f'姓名,身份证号,补贴金额（元）\n王小明,{man},"1,200.50"\n'
    for source, text in (("police_household", register), ("heating_subsidy", heating)):
        folder = tmp_path / "drop" / BATCH / source
        folder.mkdir(parents=True)
        (folder / "文件.csv").write_text(text, encoding="gb18030")
    home = Home(tmp_path / "home", memory="500MB", threads=1)
    for contract in contracts.values():
        extract_source(home, BATCH, contract, tmp_path / "drop", Silent())
        standardise_source(home, BATCH, contract, Silent())
    link(home, BATCH, contracts, Silent())
    with home.connect() as connection:
        [(amount,)] = connection.execute(f"SELECT amount FROM '{home.lake(BATCH, 'standardised', 'heating_subsidy')}'").fetchall()
        same = connection.execute(f"""
            SELECT count(DISTINCT person_id) FROM {person_records(home, BATCH)}
            WHERE source = 'heating_subsidy' OR row_no = 2""").fetchall()  # fmt: skip
    assert str(amount) == "1200.50"
    assert same == [(1,)]
