import pytest

from pipelines.errors import DataError
from pipelines.extracts.months import check_name


@pytest.mark.parametrize(
    "name",
    [
        "医保结算202610.csv", "医保结算2026年10月.csv", "2026-10/a.csv", "2026.10.31导出.csv", "20261102导出.csv", "a.csv", "第3批.csv",
        "202601-202610汇总.csv", "2026年.csv", "包202610.zip/9月31日.csv", "20269999.csv", "编号1202609123.csv", "2026_10_甲镇.csv",
    ],
)  # fmt: skip
def test_names_of_the_batchs_month_or_of_none_pass(contract, name):
    check_name(name, "2026-10", contract)


@pytest.mark.parametrize(
    "name",
    [
        "医保结算202609.csv",
        "2026年9月.csv",
        "甲/2025-10.xlsx",
        "a_202611.csv",
        "20260930.csv",
        "20261201.csv",
        "202609.zip/a.csv",
    ],
)
def test_names_of_another_month_stop(contract, name):
    with pytest.raises(DataError, match="月份对不上"):
        check_name(name, "2026-10", contract)


def test_a_yearly_source_may_be_a_year_old_and_events_of_any_month(contract):
    yearly = contract.model_copy(update={"frequency": "year"})
    check_name("2025年11月.csv", "2026-10", yearly)
    with pytest.raises(DataError):
        check_name("2025年10月.csv", "2026-10", yearly)
    check_name("2019年1月.csv", "2026-10", contract.model_copy(update={"frequency": "event"}))


def rows(*dates, column="发放日期"):
    return f"姓名,身份证号,{column}\n" + "".join(f"甲,{n},{date}\n" for n, date in enumerate(dates))


@pytest.mark.parametrize(
    "written", ["2026-11-03", "2026/11/3", "20261103", "2026年11月3日", "2026.11.3", "202611", "2026-11-03 08:00:00"]
)
def test_a_file_most_of_whose_events_lie_after_the_batch_stops(office, written):
    office.put("a.csv", rows(written, written, "2026-10-31"))
    with pytest.raises(DataError, match="发放日期") as stop:
        office.extract()
    assert "2026-10-31" in stop.value.what
    assert not office.lake()


def test_a_few_events_after_the_batch_and_ends_in_the_future_are_usual(office):
    office.put("a.csv", rows("2026-11-03", "2026-10-31", "2020-01-01"))
    office.put("b.csv", rows("2031-01-01", "2032-01-01", column="有效期至"))
    assert office.extract()["accepted"] == 5


def test_dates_that_are_none_do_not_matter(office):
    office.put("a.csv", rows("长期", "", "20", "2026", "202613", "44260", "1767225600000"))
    assert office.extract()["accepted"] == 7
