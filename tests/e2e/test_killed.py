"""The process is killed in every stage, one after another, and run again: the result is that of a run nobody disturbed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pipelines.storage import Home
from tests.e2e.conftest import BATCH, zhudong
from tests.e2e.stages import STAGES

pytestmark = pytest.mark.e2e

RESULT = """
    SELECT 'lead', lead_id, level, array_to_string(rule_ids, ','), due_date::VARCHAR FROM lead
    UNION ALL SELECT 'finding', finding_id, rule_id, outcome, reason FROM finding
    UNION ALL SELECT 'person', person_id, name, id_number, alive::VARCHAR FROM person
    UNION ALL SELECT 'record', source || file || row_no || '/' || member_no, person_id, match_method, NULL FROM person_record
    UNION ALL SELECT 'member', household_id, person_id, relation, kind FROM household_member
    ORDER BY ALL
"""


def killed(command, *, after):
    """Start a process of its own and kill it a moment after it said `after`; True if it was still running."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for line in process.stderr:
        if line.startswith(after):
            time.sleep(0.1)  # into the stage
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.stderr.close()
    return process.wait() == -signal.SIGKILL


def result(home):
    with Home(home).connect(home / "warehouse" / "zhudong.duckdb", read_only=True) as connection:
        return connection.execute(RESULT).fetchall()


def test_killed_in_every_stage_and_run_again_nothing_is_lost_and_nothing_is_half(district, published, tmp_path):
    home = tmp_path / "home"
    begin = STAGES[0]
    for stage in STAGES:  # each is run whole by the process that is killed in the next
        assert killed([sys.executable, "-m", "tests.e2e.stages", district, home, BATCH, begin], after=f"环节 {stage}"), stage
        begin = stage
    # and once as an officer would meet it: the whole command dies while it publishes, and is simply called again
    command = [sys.executable, "-m", "pipelines.cli", "run", "--extracts", district, "--home", home, "--batch", BATCH]
    assert killed(command, after="发布")
    said = zhudong("run", "--extracts", district, "--home", home, "--batch", BATCH)
    assert said.code == 0, said.err
    assert result(home) == result(published)
    left_over = [path for path in home.rglob("*.new*") if "dagster" not in path.parts]
    assert left_over == []
