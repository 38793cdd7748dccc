"""Data Docs that an officer can open: in Chinese, without the network.

Belongs here: what is done to the pages that Great Expectations wrote. Does not belong here: what they say (`suites`).

As written they load styles and scripts from seven hosts outside, without which the index shows nothing; opened in a bureau they
would wait for hosts that cannot be reached, and tell those hosts, where they can be, that they are being read. The pages of the
validations are kept with everything foreign taken out; the index is written anew.
"""

import html
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

STYLE = Path(__file__).with_name("pages.css")

_FOREIGN = (
    re.compile(r"<script\b.*?</script>", re.DOTALL),  # their own scripts need the foreign ones
    re.compile(r"<style\b.*?</style>", re.DOTALL),
    re.compile(r"<link\b[^>]*>"),
    re.compile(r"<img\b[^>]*>"),
    re.compile(r"<footer\b.*?</footer>", re.DOTALL),
    re.compile(r"<!--.*?-->", re.DOTALL),
)

_WORDS = {
    "Expectation Validation Result": "检查结果",
    "Evaluates whether a batch of data matches expectations.": "本批次的数据与期望逐项对照。",
    "Expectation Suite": "期望",
    "Table of Contents": "目录",
    "Overview": "概要",
    "Statistics": "统计",
    "Evaluated Expectations": "期望数",
    "Successful Expectations": "符合",
    "Unsuccessful Expectations": "不符",
    "Success Percent": "符合比例",
    "Status": "结论",
    "Expectation": "期望",
    "Observed Value": "实测值",
    "Home": "返回目录",
    "Data Docs created by Great Expectations": "数据质量检查",
}
"""What Great Expectations writes around the descriptions, in an officer's words."""

_WORD = re.compile(rf"(?<=>)(\s*)({'|'.join(map(re.escape, sorted(_WORDS, key=len, reverse=True)))})(:?\s*)(?=<)")


@dataclass(frozen=True)
class Line:
    """One source on the index: what a person calls it, how many expectations it has, how many do not hold."""

    source: str
    title: str
    expectations: int
    critical: int
    warnings: int


def make_readable(docs: Path, title: str, lines: list[Line]) -> None:
    """Take everything foreign out of the pages below `docs` and write the index anew."""
    shutil.rmtree(docs / "static", ignore_errors=True)
    shutil.copyfile(STYLE, docs / STYLE.name)
    for page in docs.rglob("*.html"):
        up = "../" * (len(page.relative_to(docs).parts) - 1)
        page.write_text(without_network(page.read_text(encoding="utf-8"), f"{up}{STYLE.name}"), encoding="utf-8")
    (docs / "index.html").write_text(_index(docs, title, lines), encoding="utf-8")


def without_network(page: str, style: str) -> str:
    """A page that loads nothing but our style, its frame in Chinese."""
    for foreign in _FOREIGN:
        page = foreign.sub("", page)
    page = re.sub(r'<a\b[^>]*href="https?:[^>]*>(.*?)</a>', r"\1", page, flags=re.DOTALL)
    page = _WORD.sub(lambda found: f"{found[1]}{_WORDS[found[2]]}{found[3]}", page)
    for said, better in (("</i> Succeeded", "</i> 全部符合"), ("</i> Failed", "</i> 有不符"), (" Data asset: None<br>", "")):
        page = page.replace(said, better)
    page = re.sub(r"\n\s*\n+", "\n", page)
    return page.replace("</head>", f'<link rel="stylesheet" href="{style}">\n</head>', 1)


def _index(docs: Path, title: str, lines: list[Line]) -> str:
    rows = []
    for line in lines:
        page = next(iter(sorted((docs / "validations" / line.source).rglob("*.html"))), None)
        name = html.escape(line.title)
        link = f'<a href="{page.relative_to(docs).as_posix()}">{name}</a>' if page else name
        grave = "critical" if line.critical else "warning" if line.warnings else ""
        numbers = "".join(f'<td class="number">{number}</td>' for number in (line.expectations, line.critical, line.warnings))
        suite = f'<a href="expectations/{line.source}.html">期望</a>'
        rows.append(f'<tr class="{grave}"><td>{link}</td>{numbers}<td>{suite}</td></tr>')
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="UTF-8"><title>{html.escape(title)}</title><link rel="stylesheet" href="{STYLE.name}"></head>
<body>
<h1>{html.escape(title)}</h1>
<p class="note">期望由数据源合同和 schemas/quality.yaml 生成。只有行数和比例，没有任何人的信息。严重不符时本批次停下，不发布。</p>
<table>
<thead><tr><th>数据源</th><th>期望数</th><th>严重不符</th><th>提醒</th><th></th></tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody>
</table>
</body>
</html>
"""
