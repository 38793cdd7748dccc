"""What `sources.yaml` may say, and how it is refused."""

import json

import jsonschema
import pytest
import yaml

from pipelines.errors import DataError, DeclarationError
from pipelines.fetch.credentials import reveal
from pipelines.fetch.declared import Delivery, Secret, json_schema, load_sources, pattern_of
from pipelines.fetch.place import fixed_parts, landing_name
from pipelines.storage import SCHEMAS, Home

PLACE = """
places:
  db: {kind: postgresql, host: 10.1.2.3, database: gateway, user: reader, password: {env: PASSWORD}}
  box: {kind: sftp, host: sftp.example, user: u, known_hosts: known_hosts, key: {file: id}}
"""
GOOD = PLACE + "deliveries:\n  - {source: people, place: box, files: 'out/{year}{month}/*.csv'}\n"


def load(tmp_path, text):
    (tmp_path / "sources.yaml").write_text(text, encoding="utf-8")
    return load_sources(Home(tmp_path), {"people"})


def refused(tmp_path, text):
    with pytest.raises(DeclarationError) as error:
        load(tmp_path, text)
    return str(error.value)


def test_a_home_without_the_file_declares_nothing(tmp_path):
    assert load_sources(Home(tmp_path), {"people"}) is None


def test_a_pattern_holds_the_batch(tmp_path):
    [delivery] = load(tmp_path, GOOD).deliveries
    assert pattern_of(delivery, "2026-10") == "out/202610/*.csv"


@pytest.mark.parametrize("secret", ["hunter2", "12345", "[hunter2]"])
def test_a_secret_in_the_file_is_refused_and_not_quoted(tmp_path, secret):
    said = refused(tmp_path, GOOD.replace("{env: PASSWORD}", secret))
    assert "不能写在这里" in said
    assert "hunter2" not in said
    assert "12345" not in said
    assert "第 3 行" in said


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("{kind: ftp}", "取值不在允许的范围内"),
        ("{kind: s3, endpoint: 'https://key:word@host', bucket: bkt, access_key: {env: A}, secret_key: {env: B}}", "写法不对"),
        ("{kind: sftp, host: 'u:p@host', user: u, known_hosts: k, key: {file: id}}", "写法不对"),
        ("{kind: sftp, host: h, user: u, known_hosts: k}", "要写 key"),
        ("{kind: sftp, host: h, user: u, key: {file: id}}", "缺少这一项"),
        ("{kind: postgresql, host: h, database: d, user: u, password: {env: A, file: b}}", "只写一个"),
    ],
)
def test_a_place_that_is_none_is_told(tmp_path, place, said):
    told = refused(tmp_path, GOOD.replace("places:\n", f"places:\n  other: {place}\n"))
    assert said in told, told
    assert "https://key" not in told
    assert "u:p" not in told


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        ("{source: nobody, place: box, files: a.csv}", "没有数据源"),
        ("{source: people, place: elsewhere, files: a.csv}", "不在 places 里"),
        ("{source: people, place: box, query: SELECT 1}", "要写 files"),
        ("{source: people, place: db, files: a.csv}", "要写 query 或 view"),
        ("{source: people, place: db}", "只写一个"),
        ("{source: people, place: box, files: '../a.csv'}", "不能有 .."),
        ("{source: people, place: box, files: 'out/{day}.csv'}", "没有 {day}"),
        ("{source: people, place: db, query: 'SELECT {today}'}", "没有 {today}"),
        ("{source: people, place: db, query: \"SELECT 'it''s {batch}'\"}", "不要放在引号里"),
        ("{source: people, place: db, query: SELECT 1, order: [a]}", "只和 view"),
    ],
)
def test_a_delivery_that_cannot_be_is_told(tmp_path, delivery, said):
    assert said in refused(tmp_path, f"{PLACE}deliveries:\n  - {delivery}\n")


def test_a_word_in_braces_that_is_an_array_is_left_alone():
    query = "SELECT '{1,2}'::int[], a FROM t WHERE d >= {month_start} AND n = 'x';"
    assert Delivery(source="people", place="db", query=query).query == query.removesuffix(";")


def test_two_deliveries_must_not_land_on_one_another(tmp_path):
    twice = "deliveries:\n" + "  - {source: people, place: db, query: SELECT 1}\n" * 2
    assert "取了两次" in refused(tmp_path, PLACE + twice)
    named = twice.replace("SELECT 1}\n", "SELECT 1, name: second}\n", 1)
    assert len(load(tmp_path, PLACE + named).deliveries) == 2


def test_secrets_are_read_where_they_are_and_only_if_nobody_else_can(tmp_path, monkeypatch):
    home = Home(tmp_path)
    monkeypatch.setenv("WORD", "w")
    assert reveal(Secret(env="WORD"), home) == "w"
    path = tmp_path / "word"
    path.write_text("from a file\n")
    path.chmod(0o600)
    assert reveal(Secret(file="word"), home) == "from a file"
    path.chmod(0o640)
    with pytest.raises(DataError, match="别人也能读") as error:
        reveal(Secret(file="word"), home)
    assert "chmod 600 word" in str(error.value)
    for secret, said in (
        (Secret(env="NOT_THERE"), "没有设置"),
        (Secret(file="not-there"), "找不到"),
        (Secret(file="."), "不是文件"),
    ):
        with pytest.raises(DataError, match=said):
            reveal(secret, home)


@pytest.mark.parametrize(
    ("path", "pattern", "name"),
    [
        ("/out/202610/a.csv", "/out/202610/*.csv", "a.csv"),
        ("out/王台/a.csv", "out/*/a.csv", "王台/a.csv"),
        ("out/a.csv", "out/a.csv", "a.csv"),
        ("a.csv", "*.csv", "a.csv"),
        ("out/../../etc", "out/*/*/*", ""),
        ("out/a\\..\\b.csv", "out/*.csv", ""),
    ],
)
def test_a_file_lands_by_what_of_its_path_varies(path, pattern, name):
    assert landing_name(path, pattern) == name
    assert fixed_parts(pattern) >= 0


def test_the_schema_for_editors_is_the_models_and_the_handbooks_example_fits_it(tmp_path, pytestconfig):
    kept = json.loads((SCHEMAS / "fetch" / "sources.schema.json").read_text(encoding="utf-8"))
    assert kept == json_schema()
    handbook = (pytestconfig.rootpath / "docs" / "handbook" / "officer.md").read_text(encoding="utf-8")
    example = handbook.split("```yaml\n")[1].split("```")[0]
    jsonschema.validate(yaml.safe_load(example), kept)
    (tmp_path / "sources.yaml").write_text(example, encoding="utf-8")
    from pipelines.contracts import load_contracts

    assert len(load_sources(Home(tmp_path), load_contracts()).places) == 4
