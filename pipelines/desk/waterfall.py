"""A pair's evidence as a drawing: from what anybody starts with, comparison by comparison, to what it comes to.

Belongs here: where each bar lies. Does not belong here: the evidence (`pipelines.linkage.review.pair`), SVG itself (a template).
"""

from dataclasses import dataclass

from pipelines.linkage.review.pair import Pair

WIDTH, LABEL, ROW = 640, 150, 26
"""Of the drawing: its width, what the labels take of it, a row's height."""


@dataclass(frozen=True)
class Bar:
    """One row: from where to where in pixels, what it is, what it adds."""

    title: str
    left: float
    width: float
    bits: float
    kind: str
    """`start`, `for`, `against`, `sum`."""


@dataclass(frozen=True)
class Waterfall:
    """The drawing: its bars, where 0 bits (as likely as not) lies, its height."""

    bars: list[Bar]
    even: float
    height: int


def waterfall(pair: Pair) -> Waterfall:
    """Where each bar of a pair's evidence lies; the strongest evidence first."""
    steps = sorted(((one.title, one.bits) for one in pair.compared if one.bits is not None), key=lambda one: -abs(one[1]))
    points, at = [0.0, pair.prior], pair.prior
    for _, bits in steps:
        at += bits
        points.append(at)
    low, high = min(points), max(*points, 1.0)
    scale = (WIDTH - LABEL - 70) / (high - low)

    def bar(title: str, start: float, end: float, kind: str) -> Bar:
        left, width = LABEL + (min(start, end) - low) * scale, max(abs(end - start) * scale, 1)
        return Bar(title, round(left, 1), round(width, 1), end - start, kind)

    bars, at = [bar("随便一个人", 0.0, pair.prior, "start")], pair.prior
    for title, bits in steps:
        bars.append(bar(title, at, at + bits, "for" if bits >= 0 else "against"))
        at += bits
    bars.append(bar("合计", 0.0, at, "sum"))
    return Waterfall(bars, round(LABEL - low * scale, 1), ROW * len(bars) + 24)
