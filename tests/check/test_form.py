"""What is taken from a form, what stops it, what is marked."""

import datetime as dt

import pytest

from pipelines.casework.clock import day_of, now
from pipelines.check.form import Authorised, judge_rows, read_form
from pipelines.errors import DataError
from tests.check.conftest import row

PERSON = {"name": "张三", "id_number": "370211198003051230", "relation": "", "head": True, "town": "王台街道", "age": 46}
TODAY = day_of(now())


def judged(*rows):
    return judge_rows(list(enumerate(rows, 2)))


def test_a_form_in_order_is_one_application():
    applications, refused = judged(row(PERSON), row(PERSON, "妻", name="李四", id_number="370211198203051245"))
    assert refused == []
    assert [(one.application_no, len(one.members), one.town) for one in applications] == [("SQ1", 2, "王台街道")]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "没有填姓名"),
        ({"relation": "邻居的朋友"}, "关系看不懂"),
        ({"matter": "彩票"}, "申请事项应为"),
        ({"accepted_on": "昨天"}, "受理日期看不懂"),
        ({"accepted_on": str(TODAY + dt.timedelta(days=30))}, "今天以后"),
        ({"town": "天上街道"}, "没有这个受理镇街"),
        ({"income": "很多"}, "不是数字"),
        ({"relation": "妻"}, "有且只有一位"),
    ],
)
def test_what_cannot_be_is_refused_by_row_with_what_to_do(change, told):
    applications, refused = judged(row(PERSON) | change)
    assert applications == []
    assert refused[0].row_no == 2
    assert told in refused[0].reason


def test_one_wrong_row_stops_its_own_application_and_no_other():
    applications, refused = judged(row(PERSON), row(PERSON, application_no="SQ2") | {"matter": "?"})
    assert [one.application_no for one in applications] == ["SQ1"]
    assert [one.application_no for one in refused] == ["SQ2"]


def test_one_id_with_two_names_and_more_than_thirty_members_are_refused():
    _, refused = judged(row(PERSON), row(PERSON, "妻", name="李四"))
    assert "两个不同的姓名" in refused[0].reason
    _, refused = judged(row(PERSON), *(row(PERSON, "其他亲属", name=f"某{n}", id_number="") for n in range(30)))
    assert "超过 30 人" in refused[0].reason


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"form_no": ""}, "没有授权书"),
        ({"signed_on": ""}, "授权日期没有写"),
        ({"valid_to": str(TODAY - dt.timedelta(days=9))}, "早于授权日期"),
        ({"signed_by": "邻居"}, "签署人应为"),
        ({"id_number": f"370211{TODAY.year - 10}0305123X"}, "不满 18 岁"),
    ],
)
def test_an_authorisation_that_cannot_hold_is_marked_and_opens_nothing(change, told):
    applications, refused = judged(row(PERSON) | change)
    assert refused == []
    member = applications[0].members[0]
    assert member.authorisation is None
    assert told in member.remark


def test_a_wrong_check_digit_is_no_reason_to_refuse():
    applications, refused = judged(row(PERSON, id_number="370211198003051239"))
    assert (len(applications), refused) == (1, [])


@pytest.mark.parametrize(("day", "holds"), [(-1, False), (0, True), (30, True), (31, False)])
def test_the_first_and_the_last_day_of_an_authorisation_count(day, holds):
    signed = Authorised("S1", TODAY, TODAY + dt.timedelta(days=30), "本人", ("全部",))
    assert signed.valid_for("vehicles", TODAY + dt.timedelta(days=day)) is holds


def test_what_is_out_of_scope_is_not_open():
    signed = Authorised("S1", TODAY, TODAY, "本人", ("vehicles",))
    assert signed.valid_for("vehicles", TODAY)
    assert not signed.valid_for("business_registration", TODAY)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_file_as_it_comes_is_read(tmp_path, suffix):
    headings = [
        "申请编号",
        "姓名",
        "身份证号",
        "与申请人关系",
        "申请事项",
        "授权书编号",
        "授权日期",
        "签署人",
        "受理镇街",
        "受理日期",
    ]
    values = ["SQ1", "张三", "370211198003051230", "本人", "低保", "S1", "2026.11.1", "本人", "王台街道办事处", "2026年11月2日"]
    path = tmp_path / f"申请.{suffix}"
    if suffix == "csv":
        path.write_bytes("\r\n".join([",".join(headings), ",".join(values)]).encode("gb18030"))
    else:
        import openpyxl

        book = openpyxl.Workbook()
        book.active.append(headings)
        book.active.append(values)
        book.save(path)
    applications, refused = read_form(path)
    assert refused == []
    assert (applications[0].town, applications[0].accepted_on) == ("王台街道", dt.date(2026, 11, 2))
    assert applications[0].members[0].authorisation.signed_on == dt.date(2026, 11, 1)


def test_a_file_without_the_headings_is_told_plainly(tmp_path):
    path = tmp_path / "别的.csv"
    path.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="申请编号"):
        read_form(path)
