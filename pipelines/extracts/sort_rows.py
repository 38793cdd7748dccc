"""Every row ends in exactly one place: accepted, rejected with a reason, or skipped.

Belongs here: what is a data row, a total, a footer, a repeated heading, a row that names nobody.
Does not belong here: judging what a row says. Rejected rows are kept by number and reason only, never by content.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.extracts.cells import empties, scaled, trim, unwrap_formulas
from pipelines.extracts.headings import Headings
from pipelines.extracts.table import EXTRA, Batch, cell

if TYPE_CHECKING:
    import polars as pl

REASONS = {
    "nobody": "这一行没有姓名，也没有证件号码，不知道是谁。",
    "columns": "这一行的列数比表头多，内容可能错位（常见于单元格里有没加引号的分隔符）。",
}
"""Why a row is rejected, as an officer reads it."""

_TOTAL = r"^(合|小|总|共|本页|本月|本年|累)计(人数|户数|金额)?[:：]?$|^(本页)?(合计|小计|总计)[(（:：].*$"
_FOOTER = (
    r"^(填表|制表|填报|制单|统计|审核|审批|复核|经办|负责|联系|录入|打印|导出|报送|单位负责|分管领导|主要领导)(人|员|单位|部门|领导|签字|签章)?"
    r"[(（]?(签字|签章|盖章)?[)）]?[:：]|^(填表|制表|填报|统计|打印|导出|报送|审核)(日期|时间)[:：]?|^(备注|注|说明|注意|附注|填表说明)\d*[:：]"
    r"|^(填表人|制表人|审核人|复核人|经办人|负责人|单位盖章|盖章)$"
)


@dataclass(frozen=True)
class Sorted:
    """One batch's rows: `accepted` has row_no and the contract's columns; `rejected` has row_no and reason_code."""

    accepted: "pl.DataFrame"
    rejected: "pl.DataFrame"
    skipped: int


class Sorter:
    """Sorts the rows of one file."""

    def __init__(self, contract: Contract, headings: Headings) -> None:
        self._columns = list(contract.text_columns())
        self._headings = headings
        members = contract.members().values()
        self._names = sorted({member["name"] for member in members if "name" in member})
        if contract.subject == "household":  # a house names its household
            self._names += sorted({member["address"] for member in members if "address" in member})
        self._ids = sorted({member["id_number"].removesuffix(".id") for member in members if "id_number" in member})

    def sort(self, batch: Batch) -> Sorted:
        """Clean a batch's cells and put each row where it belongs."""
        import polars as pl

        frame = trim(batch.frame, batch.untrimmed)
        frame = empties(unwrap_formulas(frame) if batch.formulas else frame)
        row_no = pl.int_range(batch.first_row, batch.first_row + frame.height, dtype=pl.Int32, eager=True).alias("row_no")
        rows = frame.select(row_no, *self._canonical(), *([pl.col(EXTRA)] if EXTRA in frame.columns else []))
        fate = self._fates(rows, frame)
        if fate is None:
            return Sorted(rows.select("row_no", *self._columns), rows.select("row_no", reason_code=pl.lit("")).clear(), 0)
        accepted = rows.filter(fate == "").select("row_no", *self._columns)
        reasons = fate.is_in(list(REASONS))
        rejected = pl.DataFrame({"row_no": row_no, "reason_code": fate}).filter(reasons)
        return Sorted(accepted, rejected, int((fate == "skipped").sum()))

    def _canonical(self) -> list["pl.Expr"]:
        import polars as pl

        expressions = []
        for name in self._columns:
            places = self._headings.places.get(name, [])
            texts = [
                scaled(pl.col(cell(place.position)), place.scale) if place.scale != 1 else pl.col(cell(place.position))
                for place in places
            ]
            value = pl.lit(None, dtype=pl.String) if not texts else texts[0] if len(texts) == 1 else pl.coalesce(texts)
            expressions.append(value.alias(name))
        return expressions

    def _fates(self, rows: "pl.DataFrame", frame: "pl.DataFrame") -> "pl.Series | None":
        """For each row "" (accepted), "skipped" or a reason code; None if all are accepted.

        Rows with an id of anybody are data. Only the few others are looked at closely.
        """
        import polars as pl

        suspect = pl.all_horizontal(pl.col(name).is_null() for name in self._ids) if self._ids else pl.lit(value=True)
        heading = self._is_heading()
        if EXTRA in rows.columns:
            heading = heading | pl.col(EXTRA)
        at = rows.select((suspect | heading).fill_null(value=False).arg_true()).to_series()
        if not at.len():
            return None
        few, raw = rows[at], frame.drop(EXTRA, strict=False)[at]
        texts = pl.col(pl.String).str.normalize("NFKC").str.replace_all(r"\s", "")
        lead = raw.select(pl.coalesce(texts).fill_null("").alias("lead")).to_series()
        total = raw.select(pl.any_horizontal(texts.str.contains(_TOTAL)).fill_null(value=False).alias("total")).to_series()
        named = (
            pl.any_horizontal(
                pl.col(name).is_not_null() & ~pl.col(name).str.replace_all(r"\s", "").str.contains(_TOTAL) for name in self._names
            )
            if self._names
            else pl.lit(value=False)
        )
        nothing = pl.all_horizontal(pl.col(name).is_null() for name in self._columns)
        extra = pl.col(EXTRA) if EXTRA in few.columns else pl.lit(value=False)
        fates = few.with_columns(lead, total).select(
            pl.when(nothing & ~extra)
            .then(pl.lit("skipped"))
            .when(self._is_heading())
            .then(pl.lit("skipped"))
            .when(suspect & (pl.col("lead").str.contains(_FOOTER) | (pl.col("total") & ~named)))
            .then(pl.lit("skipped"))
            .when(extra)
            .then(pl.lit("columns"))
            .when(suspect & ~named)
            .then(pl.lit("nobody"))
            .otherwise(pl.lit(""))
            .alias("fate")
        )
        return pl.repeat("", rows.height, eager=True).scatter(at, fates.to_series())

    def _is_heading(self) -> "pl.Expr":
        """The headings again in the middle of a file: towns' files that were pasted one below the other."""
        import polars as pl

        written = [
            pl.col(name) == self._headings.texts[places[0].position].strip()
            for name, places in self._headings.places.items()
            if name in self._names + self._ids
        ]
        return pl.any_horizontal(written).fill_null(value=False) if written else pl.lit(value=False)
