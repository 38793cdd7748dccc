"""A simulation shown: tables in the terminal, and a picture.

Belongs here: how a comparison is shown. Does not belong here: how it is computed (`simulate`).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.whatif.simulate import Simulation
from pipelines.errors import UsageError
from pipelines.storage import whole_or_absent

if TYPE_CHECKING:
    import polars as pl

LEVELS = {"red": "红", "orange": "橙", "yellow": "黄", "无": "无"}
DIRECTIONS = {"under": "应保未保", "over": "应退未退"}


def print_simulation(result: Simulation, picture: Path | None = None) -> None:
    """Show a simulation in the terminal and, if asked, draw it to a `.svg` or `.png` file.

    Raises:
        UsageError: the picture's ending is neither.
    """
    import polars as pl
    from rich.console import Console
    from rich.table import Table

    if picture and picture.suffix.lower() not in (".svg", ".png"):
        raise UsageError("图的文件名要以 .svg 或 .png 结尾。")
    console = Console()
    settings = Table("参数", "人群", "现值", "试算值", title=f"批次 {result.batch} 试算（不改动已发布的数据）")
    for each in result.settings:
        settings.add_row(f"{each.key}\n{each.title}", each.population, each.was, each.now)
    console.print(settings)
    console.print(
        f"新增 {result.gained:,}，减少 {result.lost:,}，级别改变 {result.changed:,}，不变 {result.kept:,} 条线索"
        "（按户和方向计）。"
    )
    console.print(_table("受影响的规则（条数）", result.by_rule, {"rule_id": "规则", "title": "名称"}))
    console.print(_table("按级别（线索）", result.by_level, {"direction": "方向", "level": "级别"}))
    console.print(_table("级别的变化（线索）", result.moves, {"direction": "方向", "was": "原来", "now": "试算"}))
    moved = result.by_town.filter(pl.sum_horizontal("gained", "lost", "changed") > 0)
    if len(moved):
        console.print(_table("按镇街（有变化的，线索）", moved, {"town": "镇街", "direction": "方向"}))
    console.print(f"其余镇街没有变化（{len(result.by_town) - len(moved)} 个镇街和方向）。")
    for note in result.notes:
        console.print(f"注意：{note}")
    if picture:
        draw(result, picture)
        console.print(f"图：{picture}")


def _table(title: str, frame: "pl.DataFrame", words: dict[str, str]) -> object:
    from rich.table import Table

    heads = words | {
        "before": "原来", "after": "试算", "gained": "新增", "lost": "减少", "changed": "级别改变",
        "kept": "不变", "leads": "线索",
    }  # fmt: skip
    table = Table(title=title)
    for column in frame.columns:
        table.add_column(heads[column], overflow="fold", justify="right" if frame[column].dtype.is_integer() else "left")
    for row in frame.iter_rows():
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else LEVELS.get(cell, DIRECTIONS.get(cell, cell)) for cell in row))
    return table


def draw(result: Simulation, path: Path) -> None:
    """Draw leads before and after by level, and the changes by town, to a `.svg` or `.png` file, whole or not at all."""
    import altair as alt
    import polars as pl
    import vl_convert

    levels = result.by_level.unpivot(["before", "after"], index=["direction", "level"], variable_name="when", value_name="leads")
    levels = levels.with_columns(
        pl.col("direction").replace(DIRECTIONS),
        pl.col("level").replace(LEVELS),
        pl.col("when").replace({"before": "原来", "after": "试算"}),
    )
    by_level = (
        alt.Chart(alt.Data(values=levels.to_dicts()))
        .mark_bar()
        .encode(
            x=alt.X("when:N", title=None, sort=["原来", "试算"], axis=alt.Axis(labelAngle=0)),
            y=alt.Y("leads:Q", title="线索"),
            color=alt.Color(
                "level:N",
                title="级别",
                sort=["红", "橙", "黄"],
                scale=alt.Scale(domain=["红", "橙", "黄"], range=["#c0392b", "#e67e22", "#f1c40f"]),
            ),
            column=alt.Column("direction:N", title=None),
        )
        .properties(width=140, height=240, title="按级别")
    )
    towns = result.by_town.group_by("town").agg(pl.col("gained", "changed").sum(), -pl.col("lost").sum())
    towns = towns.filter(pl.sum_horizontal(pl.col("gained", "changed", "lost").abs()) > 0)
    towns = towns.unpivot(["gained", "lost", "changed"], index="town", variable_name="kind", value_name="leads")
    towns = towns.with_columns(pl.col("kind").replace({"gained": "新增", "lost": "减少", "changed": "级别改变"})).sort(
        "town", "kind"
    )
    by_town = (
        alt.Chart(alt.Data(values=towns.to_dicts()))
        .mark_bar()
        .encode(
            x=alt.X("leads:Q", title="线索（减少的向左）", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("town:N", title=None, sort=alt.EncodingSortField("leads", op="sum", order="descending")),
            color=alt.Color(
                "kind:N",
                title="变化",
                scale=alt.Scale(domain=["新增", "级别改变", "减少"], range=["#2a6f97", "#a9a9a9", "#bc6c25"]),
            ),
        )
        .properties(width=380, title="按镇街")
    )
    title = "；".join(f"{each.title}（{each.population}）{each.was} → {each.now}" for each in result.settings)
    chart = (
        alt.vconcat(by_level, by_town)
        .resolve_scale(color="independent")
        .properties(title={"text": f"批次 {result.batch} 试算", "subtitle": title})
        .configure(font="Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, SimHei, sans-serif")
    )
    with whole_or_absent(path) as new:
        if path.suffix.lower() == ".svg":
            new.write_text(vl_convert.vegalite_to_svg(chart.to_dict()), encoding="utf-8")
        else:
            new.write_bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=2))
