"""Fetching a query's rows from real database servers: PostgreSQL, and MariaDB for what speaks MySQL's protocol."""

import contextlib
import datetime as dt
import decimal
import os
import signal
import subprocess
import sys
import time

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.errors import DataError
from pipelines.fetch import queries, stage
from tests.fetch.servers import CANARY, free_port

pytestmark = pytest.mark.real
KINDS = ("postgresql", "mysql")
ROWS = 60_000
"""More than are asked for at once."""


@pytest.fixture(scope="session")
def filled_postgresql(postgresql):
    postgresql.run(f"""
        CREATE SCHEMA gateway;
        CREATE TABLE gateway.settled AS SELECT i AS id, '张' || i AS name, '37021119900101' || lpad((i % 10000)::text, 4, '0') AS id_number,
            (i * 1.25)::numeric(12, 2) AS paid, date '2026-09-01' + i % 61 AS settled_on, i * 10000000000 AS account,
            timestamptz '2026-10-01 08:00+08' AS at, i % 2 = 0 AS open, NULL::numeric AS rate, i * 0.5::float8 AS score,
            'x'::char(4) AS code, '{{"a": 1}}'::jsonb AS more
            FROM generate_series(1, {ROWS}) i;
        CREATE TABLE gateway.secret AS SELECT 1 AS a;
        CREATE TABLE gateway.odd AS SELECT interval '1 day' AS length;
        CREATE TABLE gateway.broken AS SELECT 1 AS n, '张三'::text AS name;
        CREATE VIEW gateway."v Month" AS SELECT id, settled_on FROM gateway.settled;
        GRANT USAGE ON SCHEMA gateway TO reader;
        GRANT SELECT ON gateway.settled, gateway.odd, gateway.broken, gateway."v Month" TO reader;
    """)
    return postgresql


@pytest.fixture(scope="session")
def filled_mysql(mariadb):
    mariadb.run(
        f"""CREATE TABLE gateway.settled AS SELECT seq AS id, concat('张', seq) AS name,
            concat('37021119900101', lpad(seq % 10000, 4, '0')) AS id_number, CAST(seq * 1.25 AS decimal(12, 2)) AS paid,
            date_add(date '2026-09-01', interval seq % 61 day) AS settled_on, seq * 10000000000 AS account,
            timestamp '2026-10-01 08:00:00' AS at, CAST(NULL AS decimal(9, 3)) AS rate, seq * 0.5e0 AS score, '90%' AS share
            FROM gateway.seq_1_to_{ROWS}""",
        "CREATE TABLE gateway.secret AS SELECT 1 AS a",
        "CREATE TABLE gateway.odd AS SELECT x'00ff' AS length",
        "CREATE VIEW gateway.`v Month` AS SELECT id, settled_on FROM gateway.settled",
        *(f"GRANT SELECT ON gateway.`{table}` TO reader@'127.0.0.1'" for table in ("settled", "odd", "v Month")),
    )
    return mariadb


@pytest.fixture(params=KINDS)
def by_query(request, office):
    """An office that asks a database; `place` changes the place, the rest is the delivery."""
    server = request.getfixturevalue(f"filled_{request.param}")
    office.secret("word", CANARY)

    def declare(*delivery: str, **place):
        host = "localhost" if request.param == "postgresql" else "127.0.0.1"
        said = {
            "kind": request.param,
            "host": host,
            "port": server.port,
            "database": "postgres" if request.param == "postgresql" else "gateway",
            "user": "reader",
            "password": "{file: secrets/word}",
            "tls": "none",
        } | place
        lines = "".join(f"    {key}: {value}\n" for key, value in said.items())
        asked = "".join(f"    {line}\n" for line in delivery)
        office.declare(f"places:\n  gateway:\n{lines}deliveries:\n  - source: people\n    place: gateway\n{asked}")
        return office

    declare.kind, declare.server = request.param, server
    return declare


MONTH = "query: SELECT * FROM gateway.settled WHERE settled_on BETWEEN {month_start} AND {month_end} AND '2026-10' = {batch} ORDER BY id"


def table(office, name="query"):
    return pl.read_parquet(office.folder / f"gateway/{name}.parquet")


def test_a_months_rows_land_with_their_types_in_the_querys_order(by_query):
    office = by_query(MONTH)
    [line] = office.fetch()
    frame = table(office)
    expected = sum((dt.date(2026, 9, 1) + dt.timedelta(days=i % 61)).month == 10 for i in range(1, ROWS + 1))
    assert (line.rows, frame.height, line.kind) == (expected, expected, by_query.kind)
    assert frame["settled_on"].dtype == pl.Date
    assert (frame["settled_on"].min(), frame["settled_on"].max()) == (dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert frame["id"].is_sorted()
    first = frame.row(0, named=True)
    number = int(first["id"])
    assert first["name"] == f"张{number}"
    assert first["paid"] == decimal.Decimal(number) * decimal.Decimal("1.25")
    assert frame["paid"].dtype.scale == 2
    assert int(first["account"]) == number * 10_000_000_000
    assert first["score"] == number * 0.5
    assert first["rate"] is None
    assert first["at"].strftime("%Y-%m-%d %H:%M") == "2026-10-01 08:00"
    assert len(office.landed()) == 1, "nothing half-written stays"


def test_names_and_ids_do_not_stand_in_the_files_own_statistics(by_query):
    office = by_query(MONTH)
    office.fetch()
    held = pq.ParquetFile(office.folder / "gateway/query.parquet").metadata.row_group(0)
    assert all(held.column(number).statistics is None for number in range(held.num_columns))


def test_the_same_rows_leave_the_file_untouched_and_a_run_does_not_ask_again(by_query):
    office = by_query(MONTH)
    office.fetch()
    path = office.folder / "gateway/query.parquet"
    before = path.stat().st_mtime_ns
    office.fetch()
    assert path.stat().st_mtime_ns == before
    [first, second] = office.ledger()
    assert first.sha256 == second.sha256
    assert (first.state, second.state) == ("replaced", "current")
    assert office.fetch(again=False) == []
    by_query(MONTH, port=free_port())
    assert office.fetch(again=False) == [], "what was asked for this batch is not asked again, answering or not"


def test_a_view_of_a_gateway_is_asked_by_its_month(by_query):
    office = by_query("view: gateway.settled", "month: settled_on", "order: [id]", "name: months")
    [line] = office.fetch()
    assert line.file == "gateway/months.parquet"
    assert set(table(office, "months")["settled_on"].dt.month().to_list()) == {10}


def test_no_rows_are_an_answer_too(by_query):
    office = by_query("query: SELECT id, name FROM gateway.settled WHERE settled_on > {month_end}")
    [line] = office.fetch(batch="2026-12")
    assert line.rows == 0
    assert pl.read_parquet(office.drop / "2026-12/people/gateway/query.parquet").columns == ["id", "name"]


def test_a_percent_sign_and_a_parameter_asked_twice_are_no_trouble(by_query):
    office = by_query(
        "query: SELECT id FROM gateway.settled WHERE name LIKE '张12%' AND settled_on >= {month_start} AND {month_start} < {month_end}"
    )
    [line] = office.fetch()
    assert line.rows
    office = by_query("query: SELECT id FROM gateway.settled WHERE name LIKE '张12%'")
    [line] = office.fetch()
    assert line.rows


def test_rows_reach_the_extract_stage_as_a_departments_file_would(by_query):
    from pipelines.contracts import Contract
    from pipelines.extracts import extract_source
    from tests.extracts.conftest import CONTRACT

    office = by_query(
        "query: SELECT name AS 姓名, id_number AS 身份证号, paid AS 金额 FROM gateway.settled WHERE id <= 3 ORDER BY id"
    )
    office.fetch()
    counts = extract_source(office.home, "2026-10", Contract.model_validate(CONTRACT), office.drop, office.told)
    assert counts["accepted"] == 3
    rows = pl.read_parquet(office.home.lake("2026-10", "extracts", "people"))
    assert rows["amount"].to_list() == ["1.25", "2.50", "3.75"]
    assert rows["id_number"][0] == "370211199001010001"


def said(office) -> str:
    with pytest.raises(DataError) as error:
        office.fetch()
    text = str(error.value)
    assert office.landed() == {}
    for secret in (CANARY, "张三", "reader"):
        assert secret not in text
    assert "处理：" in text
    return text


@pytest.mark.parametrize(
    ("delivery", "expected"),
    [
        ("query: SELECT * FROM gateway.nowhere", "没有查询用到的表|没有这个表"),
        ("query: SELECT nothing FROM gateway.settled", "没有查询用到的表"),
        ("query: SELECT * FROM gateway.secret", "没有权限"),
        ("query: SELEKT 1", "不接受这个查询"),
        ("query: SELECT 1 AS a; SELECT 2 AS b", "不接受这个查询"),
        ("query: DELETE FROM gateway.settled", "不接受这个查询|没有权限"),
        ("query: SELECT * FROM gateway.odd", "列“length”的类型"),
    ],
)
def test_a_query_that_cannot_be_answered_is_told(by_query, delivery, expected):
    import re

    assert re.search(expected, said(by_query(delivery)))


def test_a_value_that_the_database_quotes_in_its_error_is_not_passed_on(filled_postgresql, office):
    office.secret("word", CANARY)
    office.declare(f"""
        places:
          gateway: {{kind: postgresql, host: localhost, port: {filled_postgresql.port}, database: postgres, user: reader, password: {{file: secrets/word}}, tls: none}}
        deliveries:
          - {{source: people, place: gateway, query: SELECT CAST(name AS int) AS a FROM gateway.broken}}
        """)
    assert "不接受这个查询" in said(office)


def test_nobody_answering_is_told(by_query):
    assert "连不上" in said(by_query(MONTH, port=free_port()))


def test_a_login_refused_is_told(by_query, office):
    by_query(MONTH, user="stranger")
    assert "拒绝登录" in said(office)
    by_query(MONTH, database="nowhere")
    assert "拒绝登录" in said(office)
    by_query(MONTH)
    office.secret("word", f"{CANARY}-wrong")
    assert "拒绝登录" in said(office)


def test_tls_is_demanded_unless_declared_none(by_query, office):
    by_query(MONTH, tls="verify-full")
    assert "加密连接建立不了" in said(office)


def test_an_encrypted_line_to_a_server_with_the_authoritys_certificate(filled_postgresql, office):
    if not (filled_postgresql.folder / "cert.pem").exists():
        pytest.skip("openssl is not installed")
    office.secret("word", CANARY)
    (office.home.root / "ca.pem").write_bytes((filled_postgresql.folder / "cert.pem").read_bytes())
    for more in ("tls: require", "ca: ca.pem"):
        office.declare(f"""
            places:
              gateway: {{kind: postgresql, host: localhost, port: {filled_postgresql.port}, database: postgres, user: reader, password: {{file: secrets/word}}, {more}}}
            deliveries:
              - {{source: people, place: gateway, query: SELECT ssl AS encrypted FROM pg_stat_ssl WHERE pid = pg_backend_pid()}}
            """)
        office.fetch()
        assert table(office)["encrypted"].to_list() == [True]


def test_a_server_that_ends_the_line_in_the_middle_leaves_nothing(by_query, monkeypatch):
    monkeypatch.setattr(stage, "_ATTEMPTS", 1)
    monkeypatch.setattr(queries, "ROWS", 10_000)
    module = f"pipelines.fetch.{by_query.kind}"
    import importlib

    monkeypatch.setattr(importlib.import_module(module), "ROWS", 10_000)
    office = by_query("query: SELECT a.* FROM gateway.settled a CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2) b")
    ended = []

    def told(rows):
        if not ended:
            ended.append(rows)
            _end_sessions(by_query)

    monkeypatch.setattr(office.told, "advance", told)
    assert "传送中途断了" in said(office)
    assert ended


def _end_sessions(by_query):
    if by_query.kind == "postgresql":
        by_query.server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    else:
        for (number,) in by_query.server.run("SELECT id FROM information_schema.processlist WHERE user = 'reader'"):
            with contextlib.suppress(Exception):
                by_query.server.run(f"KILL {number}")


def test_our_process_killed_in_the_middle_leaves_nothing_that_is_read_and_begins_again(by_query):
    office = by_query("query: SELECT a.* FROM gateway.settled a CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2) b")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fetch.once", office.home.root, office.drop], stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not list(office.folder.rglob("*.part")):
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(office.folder.rglob("*.parquet"))
    [line] = office.fetch()
    assert line.rows == 2 * ROWS
    assert set(office.landed()) == {"gateway/query.parquet"}


def test_a_missing_client_is_told(by_query, monkeypatch):
    name = {"postgresql": "adbc_driver_postgresql", "mysql": "pymysql"}[by_query.kind]
    monkeypatch.setitem(sys.modules, name, None)
    assert f"pip install 'zhudong[{by_query.kind}]'" in said(by_query(MONTH))
