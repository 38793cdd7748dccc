"""The report's charts, as SVG text: no script, no network, printable.

Belongs here: how a table of counts becomes a picture (Altair makes the chart, vl-convert draws it). Does not belong here: which
counts may be shown (`suppress`) and where they come from (`report`).
"""

from typing import Any

FONT = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, SimSun, sans-serif"
LEVELS = {"red": "红", "orange": "橙", "yellow": "黄"}
COLOURS = {"红": "#c0392b", "橙": "#e08e2b", "黄": "#e6c84f"}
INK, ACCENT, FAINT = "#2b3440", "#3a6ea5", "#d8dee6"


def svg(chart: Any) -> str:
    """An Altair chart as SVG text."""
    import vl_convert

    styled = (
        chart.configure(font=FONT, background="white")
        .configure_view(stroke=None)
        .configure_axis(labelColor=INK, titleColor=INK, gridColor=FAINT, domainColor=FAINT, tickColor=FAINT, labelLimit=320)
        .configure_legend(labelColor=INK, titleColor=INK, orient="top")
    )
    return str(vl_convert.vegalite_to_svg(styled.to_dict()))


def funnel(steps: list[dict[str, Any]]) -> Any:
    """Rows → leads: one bar per step on a logarithmic scale, labelled; `steps` hold title, n, label."""
    import altair as alt

    data = alt.Data(values=[step | {"drawn": max(step["n"], 1)} for step in steps])
    base = alt.Chart(data).encode(y=alt.Y("title:N", sort=None, title=None))
    # on a logarithmic scale a bar has no zero to start from: it starts at 1
    bars = base.mark_bar(color=ACCENT, height=18).encode(
        x=alt.X("drawn:Q", scale=alt.Scale(type="log", domainMin=1), axis=None), x2=alt.datum(1)
    )
    text = base.mark_text(align="left", dx=6, color=INK).encode(x="drawn:Q", text="label:N")
    return (bars + text).properties(width=620, height=alt.Step(26))


def town_grid(towns: list[dict[str, Any]]) -> Any:
    """Towns where they lie: one tile each; hold town, row, column, rate (leads per 1,000 households, or None) and label."""
    import altair as alt

    base = alt.Chart(alt.Data(values=towns)).encode(x=alt.X("column:O", axis=None), y=alt.Y("row:O", axis=None))
    tiles = base.mark_rect(stroke="white", strokeWidth=3).encode(
        color=alt.condition(
            "datum.rate === null",
            alt.value("#eef1f5"),
            alt.Color("rate:Q", scale=alt.Scale(scheme="blues", domainMin=0), title="每千户线索"),
        )
    )
    highest = max((town["rate"] or 0 for town in towns), default=0)
    white = alt.condition(f"datum.rate !== null && datum.rate > {highest * 0.6}", alt.value("white"), alt.value(INK))
    names = base.mark_text(dy=-9, fontSize=12).encode(text="town:N", color=white)
    labels = base.mark_text(dy=10, fontSize=13, fontWeight="bold").encode(text="label:N", color=white)
    return (tiles + names + labels).properties(width=alt.Step(100), height=alt.Step(58))


def levels_by_rule(rows: list[dict[str, Any]]) -> Any:
    """Findings by rule, stacked by level; rows hold rule, level (红 橙 黄), n."""
    import altair as alt

    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(height=13)
        .encode(
            y=alt.Y("rule:N", sort=None, title=None),
            x=alt.X("n:Q", title="命中"),
            color=alt.Color(
                "level:N", title="级别", sort=list(COLOURS), scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
            ),
            order=alt.Order("rank:O"),
        )
        .properties(width=520, height=alt.Step(20))
    )


def months(rows: list[dict[str, Any]]) -> Any:
    """Leads month on month by level; rows hold batch, level, n."""
    import altair as alt

    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(width=24)
        .encode(
            x=alt.X("batch:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("n:Q", title="线索"),
            color=alt.Color(
                "level:N", title="级别", sort=list(COLOURS), scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
            ),
            order=alt.Order("rank:O"),
        )
        .properties(width=alt.Step(70), height=200)
    )


def hit_rates(rows: list[dict[str, Any]]) -> Any:
    """Share of answered leads that were a hit, per rule; rows hold rule, rate, label."""
    import altair as alt

    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("rule:N", sort=None, title=None))
    scale = alt.Scale(domain=[0, 1])
    bars = base.mark_bar(color=ACCENT, height=13).encode(
        x=alt.X("rate:Q", scale=scale, title="命中率", axis=alt.Axis(format="%"))
    )
    text = base.mark_text(align="left", dx=5, color=INK).encode(x="rate:Q", text="label:N")
    return (bars + text).properties(width=480, height=alt.Step(20))
