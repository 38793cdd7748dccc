"""Fetching as an officer meets it: the command, the month's run, the UI's records. No secret stands in any of them."""

import datetime as dt
import shutil
import traceback

import dagster as dg
import pytest

from assets.definitions import build_definitions
from assets.resources import Place
from pipelines import cli
from pipelines.errors import DataError
from tests.assets.conftest import calls, clear, contracts, drop, fresh_state, home, kept_state, run  # noqa: F401
from tests.fetch.servers import CANARY

pytestmark = pytest.mark.real


@pytest.fixture
def reports(by_sftp, outbox, sshd, drop):  # noqa: ARG001, F811
    """The grid's reports lie on the SFTP server; the required sources lie in the drop folder."""
    outbox("a.csv", "编号\n1\n")
    office = by_sftp()
    path = office.home.root / "sources.yaml"

    def declare(**changed):
        by_sftp(**changed)
        path.write_text(path.read_text().replace("source: people", "source: grid_reports"))
        return office

    declare()
    office.declare_again = declare
    return office


def table(home):  # noqa: F811
    """What the UI shows of the last fetch."""
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["fetched"]))
        return event.asset_materialization.metadata


def test_the_month_fetches_first_and_the_ui_shows_what_came(reports, run, home, drop, calls):  # noqa: F811
    answer = run()
    assert (drop / "2026-10/grid_reports/box/a.csv").read_text() == "编号\n1\n"
    assert ("extract_source", "grid_reports") in calls
    shown = table(home)
    text = shown["取回的文件"].value
    assert "| grid_reports | box | sftp |" in text
    assert reports.ledger()[0].sha256[:12] in text
    assert "a.csv" not in text, "a file's name may be a person's"
    assert shown["files"].value == 1
    assert not any("grid_reports" in note or "网格" in note for note in answer.notes), "it is not missing"


def test_the_runs_record_says_on_what_delivery_it_ran_fetched_files_too(reports, run, home, drop, contracts):  # noqa: ARG001, F811
    from assets.delivery import look_into
    from assets.graph import DELIVERY_TAG

    answer = run()
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        tags = instance.get_run_by_id(answer.run_id).tags
    assert tags[DELIVERY_TAG] == look_into(drop, "2026-10", contracts, home).state


def test_a_run_without_sources_yaml_says_so_and_goes_on(run, home):  # noqa: F811
    run()
    assert "没有 sources.yaml" in table(home)["说明"].value


def test_a_fetch_that_fails_stops_the_run_and_neither_says_nor_keeps_the_secret(reports, run, home, capfd):  # noqa: F811
    reports.declare_again(key=None, user="stranger")
    with pytest.raises(DataError, match="拒绝登录") as error:
        run()
    told = "".join(traceback.format_exception(error.value)) + "".join(capfd.readouterr())
    assert CANARY not in told
    kept = b"".join(path.read_bytes() for path in (home.root / "dagster").rglob("*") if path.is_file())
    assert "拒绝登录".encode() in kept or b"\\u62d2\\u7edd\\u767b\\u5f55" in kept, "the UI says why"
    assert CANARY.encode() not in kept
    assert ascii(CANARY).strip("'").encode() not in kept
    assert CANARY[:12].encode() not in kept


def zhudong(office, capfd, *more):
    code = cli.main(["fetch", "--home", str(office.home.root), "--extracts", str(office.drop), "--batch", "2026-10", *more])
    said = capfd.readouterr()
    assert CANARY[:12] not in said.out + said.err
    return code, said.out, said.err


def test_the_command_tells_what_it_fetched(reports, capfd):
    code, out, _ = zhudong(reports, capfd)
    assert code == 0
    assert "grid_reports/box/a.csv" in out
    assert reports.ledger()[0].sha256[:12] in out
    assert "新取回 1 个文件" in out
    assert "新取回 0 个文件；取回的共 1 个" in zhudong(reports, capfd)[1]


def test_the_command_tells_why_it_could_not(reports, capfd):
    reports.declare_again(key=None)
    code, _, err = zhudong(reports, capfd)
    assert code == 1
    assert "拒绝登录" in err
    assert "处理：" in err
    with pytest.raises(DataError) as error:
        zhudong(reports, capfd, "--debug")
    assert CANARY[:12] not in "".join(traceback.format_exception(error.value))


def test_the_command_without_sources_yaml_is_called_wrongly(office, capfd):
    code, _, err = zhudong(office, capfd)
    assert code == 2
    assert "没有 sources.yaml" in err


def test_every_night_the_month_that_is_over_is_asked_again(reports, contracts, home, drop):  # noqa: ARG001, F811
    place = Place(home=str(home.root), extracts=str(drop))
    definitions = build_definitions(contracts=contracts, place=place)
    schedule = definitions.resolve_schedule_def("nightly_fetch")
    moment = dt.datetime(2026, 11, 3, 1, tzinfo=dt.UTC)
    repository = definitions.get_repository_def()
    with dg.build_schedule_context(
        scheduled_execution_time=moment, resources={"place": place}, repository_def=repository
    ) as context:
        [request] = schedule.evaluate_tick(context).run_requests
        assert request.partition_key == "2026-10"
        (home.root / "sources.yaml").unlink()
        assert "没有 sources.yaml" in schedule.evaluate_tick(context).skip_message
    assert request.run_config == {"ops": {"fetched": {"config": {"again": True}}}}
    job = definitions.resolve_job_def("fetch")
    assert dg.validate_run_config(job, request.run_config)


def test_the_month_is_not_put_off_for_a_required_source_that_the_run_itself_will_fetch(
    reports,
    contracts,  # noqa: F811
    home,  # noqa: F811
    drop,  # noqa: F811
    kept_state,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setenv("ZHUDONG_STATE", str(kept_state))
    shutil.rmtree(drop / "2026-10/police_household")
    place = Place(home=str(home.root), extracts=str(drop))
    definitions = build_definitions(contracts=contracts, place=place)
    schedule = definitions.resolve_schedule_def("monthly")
    moment = dt.datetime(2026, 11, 6, 2, tzinfo=dt.UTC)

    def tick():
        with (
            dg.DagsterInstance.from_config(str(kept_state)) as instance,
            dg.build_schedule_context(
                instance=instance,
                scheduled_execution_time=moment,
                resources={"place": place},
                repository_def=definitions.get_repository_def(),
            ) as context,
        ):
            return schedule.evaluate_tick(context)

    assert "没有到" in tick().skip_message
    path = reports.home.root / "sources.yaml"
    path.write_text(path.read_text().replace("source: grid_reports", "source: police_household"))
    assert tick().run_requests
