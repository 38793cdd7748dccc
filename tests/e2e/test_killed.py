"""The process is killed in every stage, one after another, and run again: the result is that of a run nobody disturbed."""

import os
import signal
import subprocess
import sys

import pytest

from pipelines.storage import Home
from tests.e2e.conftest import BATCH

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("killed")]

RESULT = """
    SELECT 'lead', lead_id, level, array_to_string(rule_ids, ','), due_date::VARCHAR FROM lead
    UNION ALL SELECT 'finding', finding_id, rule_id, outcome, reason FROM finding
    UNION ALL SELECT 'person', person_id, name, id_number, alive::VARCHAR FROM person
    UNION ALL SELECT 'record', source || file || row_no || '/' || member_no, person_id, match_method, NULL FROM person_record
    UNION ALL SELECT 'member', household_id, person_id, relation, kind FROM household_member
    ORDER BY ALL
"""


def run(district, home, *, kill_at=None):
    """Run a batch in a process of its own; with `kill_at`, kill it the moment it says that it has begun that stage."""
    command = [sys.executable, "-m", "pipelines.cli", "run", "--extracts", str(district), "--home", str(home), "--batch", BATCH]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for line in process.stderr:
        if kill_at and line.startswith(kill_at):
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.stderr.close()
    return process.wait()


def result(home):
    with Home(home).connect(home / "warehouse" / "zhudong.duckdb", read_only=True) as connection:
        return connection.execute(RESULT).fetchall()


def test_killed_in_every_stage_and_run_again_nothing_is_lost_and_nothing_is_half(district, published, tmp_path):
    home = tmp_path / "home"
    for stage in ("读取", "规范", "检查", "匹配", "组成家庭", "事实", "规则", "线索", "发布", "清单"):
        code = run(district, home, kill_at=stage)
        assert code in (-signal.SIGKILL, 0), stage
    assert run(district, home) == 0
    assert result(home) == result(published)
    left_over = [path for path in home.rglob("*.new*") if "dagster" not in path.parts]
    assert left_over == []
