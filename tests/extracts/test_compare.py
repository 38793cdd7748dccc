"""What arrives against what was there: the officer is asked, and the answer holds for that content only."""

import csv
from pathlib import Path

import pytest

from pipelines.acceptance import accept, asked
from pipelines.contracts import Contract
from pipelines.errors import DataError, UsageError
from pipelines.extracts import extract_source
from pipelines.storage import Home
from tests.extracts.conftest import CONTRACT, Told

HEAD = "姓名,身份证号,金额,镇街\n"
OCTOBER, NOVEMBER = "2026-10", "2026-11"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(n):
    first = f"3702111980{1 + n // 28 % 12:02}{1 + n % 28:02}{n // 336:03}"
    return first + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True)) % 11]


def people(numbers, town="王台街道", amount="1"):
    return "".join(f"张{n},{number(n)},{amount},{town}\n" for n in numbers)


class Months:
    """Two months' drop folders, one home."""

    def __init__(self, root: Path, contract: Contract) -> None:
        self.root, self.home, self.contract, self.told = root / "drop", Home(root / "home", threads=1), contract, Told()

    def put(self, name, content, batch=OCTOBER):
        path = self.root / batch / self.contract.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def extract(self, batch=OCTOBER):
        return extract_source(self.home, batch, self.contract, self.root, self.told)

    def accept(self, name, answer=None, batch=OCTOBER):
        return accept(self.home, batch, name, answer, "李四", "部门已来函说明")

    def lake(self):
        return {path: path.read_bytes() for path in sorted((self.home.root / "lake").rglob("*")) if path.is_file()}


@pytest.fixture(params=[True, False], ids=["register", "events"])
def months(tmp_path, request):
    columns = CONTRACT["columns"] | {"town": {"heading": ["镇街"], "type": "text", "privacy": "place"}}
    declared = CONTRACT | {
        "columns": columns,
        "one_row_per_person": request.param,
        "identity": {"name": "name", "id_number": "id_number", "town": "town"},
        "expect": {"rows_against_last_batch": [0.9, 1.2]},
    }
    return Months(tmp_path, Contract.model_validate(declared))


def test_a_file_with_half_its_rows_in_place_of_itself_stops_until_somebody_accepts_it_by_name(months):
    months.put("a.csv", HEAD + people(range(200)))
    months.extract()
    before = months.lake()
    months.put("a.csv", HEAD + people(range(100)))
    for _ in range(2):  # however often it is tried
        with pytest.raises(DataError) as stopped:
            months.extract()
        assert "a.csv 只有 100 行，上次读这个文件时有 200 行（50%）" in stopped.value.what
        assert "zhudong accept people/a.csv --batch 2026-10" in stopped.value.todo
        assert months.lake() == before
    with pytest.raises(DataError, match="没有等待确认"):
        months.accept("people/b.csv")
    months.accept("people/a.csv")
    assert months.extract()["accepted"] == 100
    assert months.extract()["unchanged"] == 1
    months.put("a.csv", HEAD + people(range(40)))  # another content, another question
    with pytest.raises(DataError, match="40%"):
        months.extract()


def test_who_accepted_what_when_and_why_stays_on_record(months):
    months.put("a.csv", HEAD + people(range(200)))
    months.extract()
    months.put("a.csv", HEAD + people(range(100)))
    with pytest.raises(DataError):
        months.extract()
    for clerk, reason in (("", "x"), ("李四", " ")):
        with pytest.raises(UsageError):
            accept(months.home, OCTOBER, "people", None, clerk, reason)
    months.accept("people")
    assert asked(months.home, OCTOBER) == []
    with (months.home.root / "accepted.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["批次"], row["数据源"], row["对象"], row["答复"]) == (OCTOBER, "people", "a.csv", "yes")
    assert (row["谁"], row["为什么"]) == ("李四", "部门已来函说明")
    assert row["何时"].startswith("20")
    assert "100 行" in row["当时的提示"]


def test_fewer_rows_than_last_month_stop_a_source_that_came_under_another_name(months):
    months.put("a202610.csv", HEAD + people(range(300)))
    months.extract()
    months.put("b202611.csv", HEAD + people(range(180)), NOVEMBER)
    with pytest.raises(DataError, match="共 180 行，上次（2026-10）有 300 行（60%）"):
        months.extract(NOVEMBER)
    assert not months.home.lake(NOVEMBER, "extracts", "people").exists()
    months.accept("people", batch=NOVEMBER)
    assert months.extract(NOVEMBER)["accepted"] == 180


@pytest.mark.parametrize("rows", [285, 300, 340])
def test_a_usual_month_is_not_asked_about(months, rows):
    months.put("a.csv", HEAD + people(range(300)))
    months.extract()
    months.put("a.csv", HEAD + people(range(rows)), NOVEMBER)
    assert months.extract(NOVEMBER)["accepted"] == rows


def test_a_town_whose_file_is_absent_is_named_though_the_whole_is_hardly_less(months):
    towns = ("黄岛街道", "辛安街道", "薛家岛街道")
    for place, town in enumerate(towns):
        months.put(f"{town}10月.csv", HEAD + people(range(place * 400, place * 400 + (20 if place else 400)), town))
    months.extract()
    for place, town in enumerate(towns[:2]):
        months.put(f"{town}11月.csv", HEAD + people(range(place * 400, place * 400 + (20 if place else 400)), town), NOVEMBER)
    with pytest.raises(DataError, match="缺 薛家岛街道，上次（2026-10）有 20 行") as stopped:
        months.extract(NOVEMBER)
    assert "zhudong accept people/薛家岛街道" in stopped.value.todo
    months.accept("people/薛家岛街道", batch=NOVEMBER)
    assert months.extract(NOVEMBER)["accepted"] == 420


def test_without_towns_in_the_rows_an_absent_file_is_named_by_its_own_name(months):
    for n in range(4):
        months.put(f"第{n}组_202610.csv", HEAD + people(range(n * 50, n * 50 + 50), ""))
    months.extract()
    for n in range(3):
        months.put(f"第{n}组_202611.csv", HEAD + people(range(n * 50, n * 50 + 50), ""), NOVEMBER)
    with pytest.raises(DataError, match=r"缺(的部分：| )第3组_202610\.csv"):
        months.extract(NOVEMBER)


def test_files_that_were_only_renamed_or_merged_are_not_asked_about(months):
    for n in range(4):
        months.put(f"第{n}组.csv", HEAD + people(range(n * 50, n * 50 + 50), ""))
    months.extract()
    months.put("全区.csv", HEAD + people(range(200), ""), NOVEMBER)
    assert months.extract(NOVEMBER)["accepted"] == 200


def test_the_same_month_again_under_another_name_is_never_in_a_sum_unasked(months):
    first = months.put("a.csv", HEAD + people(range(100)))
    months.extract()
    first.unlink()
    months.put("b.csv", HEAD + people(range(98)) + people([200, 201]))
    with pytest.raises(DataError, match=r"b\.csv 与 a\.csv 有 98% 的(人|行)相同") as stopped:
        months.extract()
    assert "--instead" in stopped.value.todo
    with pytest.raises(UsageError):
        months.accept("people/b.csv")
    months.accept("people/b.csv", "instead")
    assert months.extract()["accepted"] == 100
    assert [line.partition(",")[0] for line in ["b.csv"]] == table(months)
    assert months.extract()["unchanged"] == 1


def table(months):
    import polars as pl

    return pl.read_parquet(months.home.lake(OCTOBER, "extracts", "people"))["file"].unique().to_list()


def test_both_may_be_counted_where_the_officer_says_so(months):
    months.put("a.csv", HEAD + people(range(100)))
    months.put("b.csv", HEAD + people(range(60)) + people(range(300, 340)))
    with pytest.raises(DataError, match="60%"):
        months.extract()
    months.accept("people/b.csv", "both")
    assert months.extract()["accepted"] == 200


def test_a_file_in_whose_place_another_is_read_stays_out_though_it_lies_in_the_folder(months):
    months.put("a.csv", HEAD + people(range(100)))
    months.put("b.csv", HEAD + people(range(99)))
    with pytest.raises(DataError):
        months.extract()
    months.accept("people", "instead")
    assert months.extract()["accepted"] == 99
    assert table(months) == ["b.csv"]


def test_of_a_register_the_same_persons_are_recognised_though_every_row_was_changed(months):
    months.put("a.csv", HEAD + people(range(100), amount="1"))
    months.put("b.csv", HEAD + people(range(100), amount="2"))
    if months.contract.one_row_per_person:
        with pytest.raises(DataError, match="100% 的人相同"):
            months.extract()
    else:
        assert months.extract()["accepted"] == 200


def test_what_is_kept_of_a_folder_that_was_removed_is_said_with_its_time(months):
    months.put("a.csv", HEAD + people(range(10)))
    months.put("b.csv", HEAD + people(range(20, 25)))
    months.extract()
    for path in (months.root / OCTOBER / "people").iterdir():
        path.unlink()
    (months.root / OCTOBER / "people").rmdir()
    months.told.notes.clear()
    assert months.extract()["unchanged"] == 1
    (note,) = months.told.notes
    assert note.startswith("people：沿用 20")
    assert "读入的 2 个文件、15 行" in note


def test_months_in_two_sheets_that_repeat_each_other_are_asked_about_too(months):
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in (book.create_sheet("全区"), book.create_sheet("王台")):
        for line in (HEAD + people(range(30))).splitlines():
            sheet.append(line.split(","))
    path = months.root / OCTOBER / "people" / "a.xlsx"
    path.parent.mkdir(parents=True)
    book.save(path)
    with pytest.raises(DataError, match=r"a\.xlsx/王台 与 a\.xlsx/全区|a\.xlsx/全区 与 a\.xlsx/王台"):
        months.extract()
    with pytest.raises(UsageError, match="同一个工作簿"):
        months.accept("people", "instead")
    months.accept("people", "both")
    assert months.extract()["accepted"] == 60
