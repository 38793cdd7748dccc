"""Memory does not grow with the file: the same stage on a file three times as long, each in a process of its own."""

import subprocess
import sys

import pytest

MEASURE = """
import resource, sys
from pathlib import Path
from pipelines.contracts import load_contracts
from pipelines.extracts import decode, extract_source
from pipelines.progress import Silent
from pipelines.storage import Home
decode.BLOCK = 1 << 20
contract = load_contracts()["medical_settlement"]
counts = extract_source(Home(Path(sys.argv[1]) / "home"), "2026-10", contract, Path(sys.argv[1]) / "drop", Silent())
print(counts["accepted"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""
ROWS = 60_000
"""Of some 90 bytes each."""

ALLOWED = 40
"""MB of the allocator's own unrest. Eight more times the rows is 43 MB of file; blocks that were once not let go of came to 2.5 times that."""


def peak(root, times, encoding):
    folder = root / "drop" / "2026-10" / "medical_settlement"
    folder.mkdir(parents=True)
    rows = "".join(
        f'JS{n:012},"张{n % 977}",3702111990{n:08},第{n % 90}人民医院,门诊慢特病,2026-10-{n % 28 + 1:02},{n % 10007}.25,{n % 997}.50\n'
        for n in range(ROWS)
    )
    with (folder / "a.csv").open("w", encoding=encoding) as file:
        file.write("结算ID,姓名,身份证号码,医院名称,医疗类别,结算日期,总费用,统筹支出\n")
        for _ in range(times):
            file.write(rows)
    out = subprocess.run([sys.executable, "-c", MEASURE, str(root)], capture_output=True, text=True, check=True)
    accepted, megabytes = map(int, out.stdout.split())
    assert accepted == ROWS * times
    return megabytes


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_memory_does_not_grow_with_the_file(tmp_path, encoding):
    assert peak(tmp_path / "long", 12, encoding) < peak(tmp_path / "usual", 4, encoding) + ALLOWED
