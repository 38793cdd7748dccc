"""The command line: quick help, exit codes, no traceback and no value of a row for a user."""

import subprocess
import sys

import pytest

from pipelines import cli


def zhudong(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments], capture_output=True, text=True, check=False, **kwargs
    )


def test_help_imports_nothing_heavy():
    script = "import sys; from pipelines import cli; cli.build_parser(); print([m for m in sys.modules if m in HEAVY])"
    heavy = "{'duckdb', 'polars', 'pandas', 'pyarrow', 'dagster', 'pydantic', 'rich', 'great_expectations', 'numpy'}"
    done = subprocess.run([sys.executable, "-c", f"HEAVY = {heavy}\n{script}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_of_the_interface_has_help():
    done = zhudong("--help")
    assert done.returncode == 0
    for command in ("sample", "run", "returns", "check", "explain", "simulate", "evaluate", "dev", "train", "review", "rules"):
        assert command in done.stdout
        assert zhudong(command, "--help").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run"],
        ["nonsense"],
        ["run", "--extracts", ".", "--batch", "2026-13"],
        ["run", "--extracts", "/no/such", "--batch", "2026-10"],
    ],
)
def test_wrong_usage_exits_with_two_and_no_traceback(arguments, tmp_path):
    done = zhudong(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_unforeseen_error_shows_its_kind_never_its_text(monkeypatch, capsys, tmp_path):
    def broken(*_args, **_kwargs):
        raise ValueError("王小明 370211199003071234")

    monkeypatch.setattr(cli, "orchestrator", lambda _name: broken)
    assert cli.main(["run", "--extracts", str(tmp_path), "--batch", "2026-10", "--home", str(tmp_path / "home")]) == 1
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "王小明" not in said
    assert "3702" not in said


def test_batches_follow_one_another_over_the_year():
    assert cli.following_months("2026-11", 3) == ["2026-11", "2026-12", "2027-01"]
