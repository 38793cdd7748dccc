import pytest

from pipelines.errors import DataError
from pipelines.extracts import check_folder
from pipelines.extracts.check import print_check

HEAD = "姓名,身份证号,发放日期\n"


def check(office, where=None, **contracts):
    return check_folder(where or office.drop, contracts or {"people": office.contract}, office.told)


def test_a_file_is_counted_and_its_rejected_rows_are_listed_by_number(office):
    office.put("a.csv", HEAD + "张三,1,\n,,2026-10-01\n李四,2,,多\n,,2026-10-01\n")
    (result,) = check(office)
    assert (result.rows_read, result.accepted, result.rejected, result.skipped) == (5, 1, 3, 1)
    assert result.reasons == {"nobody": (2, [3, 5]), "columns": (1, [4])}
    text = "\n".join(result.lines())
    assert "第 3、5 行" in text
    assert "张三" not in text
    assert "李四" not in text


def test_nothing_is_written_anywhere(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    before = sorted(office.drop.parent.rglob("*"))
    check(office)
    assert sorted(office.drop.parent.rglob("*")) == before


def test_one_batchs_folder_is_checked_by_itself(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    (result,) = check(office, office.folder.parent)
    assert (result.batch, result.source, result.file) == ("2026-10", "people", "a.csv")


def test_every_bad_file_is_told_and_the_good_ones_beside_them_are_still_read(office):
    office.put("a.csv", b"")
    office.put("b.csv", "姓名\n张三\n")
    office.put("c202609.csv", HEAD + "张三,1,\n")
    office.put("d.csv", HEAD + "张三,3,\n")
    results = check(office)
    assert [bool(result.stops) for result in results] == [True, True, True, False]
    assert all(result.lines()[0].startswith("✗") for result in results[:3])
    assert results[3].lines()[0].startswith("✓")


def test_missing_sources_are_told_and_a_required_one_stops(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    contracts = {
        "people": office.contract,
        "optional": office.contract.model_copy(update={"source": "optional"}),
        "needed": office.contract.model_copy(update={"source": "needed", "required": True}),
    }
    optional, needed, _ = check(office, **contracts)
    assert (optional.source, optional.stops) == ("optional", None)
    assert "可以缺" in optional.lines()[0]
    assert "缺少必需" in needed.stops.what


def test_a_folder_of_no_known_source_is_told(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    (office.folder.parent / "poeple").mkdir()
    assert any("没有这个名字的数据源" in line for result in check(office) for line in result.lines())


def test_unknown_headings_old_data_and_repeated_contents_are_told(office):
    content = "姓名,身份证号,发放日期,别的\n" + "张三,1,2026-05-01,x\n" * 1_000
    office.put("a.csv", content)
    office.put("b.csv", content)
    first, second = check(office)
    assert any("别的" in remark for remark in first.remarks)
    assert any("早 5 个月" in remark for remark in first.remarks)
    assert any("内容完全相同" in remark for remark in second.remarks)


def test_last_months_file_dropped_again_is_told(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    earlier = office.drop / "2026-09" / "people" / "a.csv"
    earlier.parent.mkdir(parents=True)
    earlier.write_text(HEAD + "张三,1,\n")
    first, second = check(office)
    assert first.remarks == []
    assert any("可能不是这个月的数据" in remark for remark in second.remarks)


def test_many_rejected_rows_are_counted_and_only_the_first_listed(office):
    office.put("a.csv", HEAD + ",,2026-10-01\n" * 500)
    (result,) = check(office)
    number, rows = result.reasons["nobody"]
    assert (number, rows) == (500, list(range(2, 22)))
    assert "……" in "\n".join(result.lines())


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_batches_stops(office, make):
    if make:
        office.drop.mkdir()
    with pytest.raises(DataError, match="没有批次"):
        check(office)


def test_a_short_register_without_new_events_is_not_called_stale(office):
    office.put("a.csv", HEAD + "张三,1,2020-05-01\n" * 900)
    (result,) = check(office)
    assert result.remarks == []


def test_what_stops_a_batch_is_shown_last_and_is_exit_code_one(office, capsys):
    office.put("a.csv", b"")
    office.put("b.csv", HEAD + "张三,1,\n,,2026-10-01\n")
    assert print_check(check(office)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines if line[0] in "✗!✓"] == ["!", "✗"]
    assert lines[-1].startswith("共 2 个文件，接受 1 行，退回 1 行；1 处")
    office.put("a.csv", HEAD)
    assert print_check(check(office)) == 0
