"""Every row ends in exactly one place: accepted, rejected with a reason, or skipped.

Belongs here: what is a data row, a total, a footer, a repeated heading, a row that names nobody.
Does not belong here: judging what a row says. Rejected rows are kept by number and reason only, never by content.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.extracts.cells import empties, scaled, trim, unwrap_formulas
from pipelines.extracts.headings import Headings
from pipelines.extracts.nothing import everywhere, words_of
from pipelines.extracts.table import EXTRA, Batch, cell

if TYPE_CHECKING:
    import polars as pl

REASONS = {
    "nobody": "这一行没有姓名，也没有可用的证件号码，不知道是谁。",
    "columns": "这一行的列数比表头多，内容可能错位（常见于单元格里有没加引号的分隔符）。",
}
"""Why a row is rejected, as an officer reads it."""

_OF = r"([\u4e00-\u9fff\d]{0,12}(街道|镇|乡|村|社区|居委会|村委会|组|户|页|月份?|年度?|区|县|市|单位|部门|班|网格))?"
_TOTAL = (
    rf"^{_OF}[（(]?(合|小|总|共|本页|本月|本年|累)计[)）]?(人数|户数|金额|人次)?[:：]?(\d[\d.,]*(元|万元|人|户|名|个|口|条|人次)?)?$"
    r"|^(本页)?(合计|小计|总计)[(（:：].*$|^(?i:(sub|grand)?-?total)[:：]?$"
)
"""A total's label, after NFKC and without spaces: 合计, 小计：, 王台街道小计, 合计23人."""

_NO_NAME = r"^共?\d[\d.,]*(人|户|名|个|口|条|人次)?$"
"""What stands in a total's name column: a number, or 23人."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
"""GB 11643-1999: the last digit by the weighted sum of the others modulo 11."""

_SHORTEST_ID = 15
"""Bytes of an id as it was written until 1999; what is shorter is none."""

_FOOTER = (
    r"^(填表|制表|填报|制单|统计|审核|审批|复核|经办|负责|联系|录入|打印|导出|报送|单位负责|分管领导|主要领导)(人|员|单位|部门|领导|签字|签章)?"
    r"[(（]?(签字|签章|盖章)?[)）]?[:：]|^(填表|制表|填报|统计|打印|导出|报送|审核)(日期|时间)[:：]?|^(备注|注|说明|注意|附注|填表说明)\d*[:：]"
    r"|^(填表人|制表人|审核人|复核人|经办人|负责人|单位盖章|盖章)$"
)


@dataclass(frozen=True)
class Sorted:
    """One batch's rows: `accepted` has row_no and the contract's columns; `rejected` has row_no and reason_code.

    `sheet` is empty unless the file is a workbook of which several sheets are read.
    """

    accepted: "pl.DataFrame"
    rejected: "pl.DataFrame"
    skipped: int
    sheet: str = ""


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
        words = words_of(contract)
        self._nothing = {cell(place.position): words[name] for name, places in headings.places.items() for place in places}

    def sort(self, batch: Batch) -> Sorted:
        """Clean a batch's cells and put each row where it belongs."""
        import polars as pl

        frame = trim(batch.frame, batch.untrimmed)
        frame = empties(unwrap_formulas(frame) if batch.formulas else frame, self._nothing, everywhere())
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

        Rows with a name and something as long as an id are data. Only the few others are looked at closely.
        """
        import polars as pl

        no_id = [pl.col(name).is_null() | (pl.col(name).str.len_bytes() < _SHORTEST_ID) for name in self._ids]
        suspect = pl.all_horizontal(no_id) if no_id else pl.lit(value=True)
        if self._names:
            suspect = suspect | pl.all_horizontal(pl.col(name).is_null() for name in self._names)
        looked = suspect | self._is_heading()
        if EXTRA in rows.columns:
            looked = looked | pl.col(EXTRA)
        at = rows.select(looked.fill_null(value=False).arg_true()).to_series()
        if not at.len():
            return None
        few, raw = rows[at], frame.drop(EXTRA, strict=False)[at]
        texts = pl.col(pl.String).str.normalize("NFKC").str.replace_all(r"\s", "")
        lead = raw.select(pl.coalesce(texts).fill_null("").alias("lead")).to_series()
        total = raw.select(pl.any_horizontal(texts.str.contains(_TOTAL)).fill_null(value=False).alias("total")).to_series()
        named = pl.any_horizontal(_is_name(pl.col(name)) for name in self._names) if self._names else pl.lit(value=False)
        known = pl.any_horizontal(_is_id(pl.col(name)) for name in self._ids) if self._ids else pl.lit(value=False)
        nothing = pl.all_horizontal(pl.col(name).is_null() for name in self._columns)
        extra = pl.col(EXTRA) if EXTRA in few.columns else pl.lit(value=False)
        fates = few.with_columns(lead, total, named=named.fill_null(value=False), known=known.fill_null(value=False)).select(
            pl.when(nothing & ~extra)
            .then(pl.lit("skipped"))
            .when(self._is_heading())
            .then(pl.lit("skipped"))
            .when(~pl.col("known") & (pl.col("lead").str.contains(_FOOTER) | (pl.col("total") & ~pl.col("named"))))
            .then(pl.lit("skipped"))
            .when(extra)
            .then(pl.lit("columns"))
            .when(~pl.col("known") & ~pl.col("named"))
            .then(pl.lit("nobody"))
            .otherwise(pl.lit(""))
            .alias("fate")
        )
        return pl.repeat("", rows.height, eager=True).scatter(at, fates.to_series())

    def _is_heading(self) -> "pl.Expr":
        """The headings again in the middle of a file: towns' files that were pasted one below the other."""
        import polars as pl

        written = [
            pl.col(name).is_in(self._headings.written(places[0].position))
            for name, places in self._headings.places.items()
            if name in self._names + self._ids
        ]
        return pl.any_horizontal(written).fill_null(value=False) if written else pl.lit(value=False)


def _is_name(text: "pl.Expr") -> "pl.Expr":
    """Whether a text can be a person's name: not a number, not a total's label."""
    plain = text.str.normalize("NFKC").str.replace_all(r"\s", "")
    return plain.str.contains(r"\p{L}|\p{Co}|\?") & ~plain.str.contains(_TOTAL) & ~plain.str.contains(_NO_NAME)


def _is_id(text: "pl.Expr") -> "pl.Expr":
    """Whether a text is an id with which somebody can be found: 18 digits whose last one is right, or 15 with a possible day.

    A certificate's number begins with one. Judged more roughly than `pipelines.standardise` does, and on few rows only.
    """
    import polars as pl

    digits = text.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[^0-9A-Z*]", "")
    born = r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
    of_18 = digits.str.contains(rf"^\d{{6}}(18|19|20)\d{{2}}{born}\d{{3}}[\dX](\d{{2,4}})?$")
    number = pl.when(of_18).then(digits)
    total = pl.sum_horizontal(
        number.str.slice(place, 1).cast(pl.Int32, strict=False) * weight for place, weight in enumerate(_WEIGHTS)
    )
    right = (total % len(_CHECK_DIGITS)).replace_strict(
        list(range(len(_CHECK_DIGITS))), list(_CHECK_DIGITS), return_dtype=pl.String
    ) == number.str.slice(17, 1)
    return (of_18 & right) | digits.str.contains(rf"^\d{{8}}{born}\d{{3}}$")
