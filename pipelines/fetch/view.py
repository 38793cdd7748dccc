"""What was fetched, as people see it.

Belongs here: the table in a terminal and in the UI. Does not belong here: fetching.
A file's name may be a person's, so the UI's table tells a file by its digest; the terminal's is the officer's own.
"""

from collections.abc import Sequence

from pipelines.fetch.ledger import Fetched

_HEADINGS = ("数据源", "来自", "方式", "行数", "字节", "SHA-256", "取回时间")


def print_fetched(lines: Sequence[Fetched], batch: str, all_lines: Sequence[Fetched]) -> None:
    """Print what was fetched now, and what a batch holds of fetched files."""
    for line in lines:
        rows = f"{line.rows:,} 行，" if line.rows is not None else ""
        went_on = f"，接着上次的 {line.resumed_from:,} 字节" if line.resumed_from else ""
        print(  # noqa: T201
            f"  {line.source}/{line.file}\t{rows}{line.bytes:,} 字节{went_on}\tSHA-256 {line.sha256[:12]}…\t{_time(line)}"
        )
    held = [line for line in all_lines if line.state != "replaced"]
    print(f"批次 {batch}：新取回 {len(lines)} 个文件；取回的共 {len(held)} 个，{sum(line.bytes for line in held):,} 字节。")  # noqa: T201


def markdown(lines: Sequence[Fetched]) -> str:
    """What a batch holds of fetched files, for the UI."""
    held = [line for line in lines if line.state != "replaced"]
    if not held:
        return "没有取回文件。"
    table = [f"| {' | '.join(_HEADINGS)} |", "|---" * len(_HEADINGS) + "|"]
    for line in held:
        rows = f"{line.rows:,}" if line.rows is not None else ""
        cells = (line.source, line.place, line.kind, rows, f"{line.bytes:,}", line.sha256[:12], _time(line))
        table.append(f"| {' | '.join(cells)} |")
    return "\n".join(table)


def _time(line: Fetched) -> str:
    return line.fetched_at.astimezone().strftime("%Y-%m-%d %H:%M")
