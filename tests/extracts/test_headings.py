import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts import Contract, load_contracts
from pipelines.errors import DataError
from pipelines.extracts.headings import Matcher, Place, folded, scale, shown, spelled

SPACING = st.text(alphabet=" \t\n\r\u3000\u00a0\u200b*", max_size=3)


def test_spaces_line_breaks_and_brackets_do_not_matter():
    assert folded(" 金\n额（万元） ") == folded("金额") == folded("金额【元】") == folded("＊金额*")


def test_full_width_letters_and_case_do_not_matter():
    assert folded("结算ｉｄ") == folded("结算ID")


def test_brackets_within_brackets_go_too():
    assert folded("金额（元（人民币））") == "金额"


@given(
    st.sampled_from(["姓名", "公民身份号码", "银行账号"]),
    st.lists(SPACING, min_size=4, max_size=4),
    st.sampled_from(["", "（元）", "[必填]", "(说明)"]),
)
def test_whatever_spacing_and_brackets_surround_a_heading_it_is_the_same_heading(heading, spaces, bracket):
    middle = len(heading) // 2
    written = spaces[0] + heading[:middle] + spaces[1] + heading[middle:] + spaces[2] + bracket + spaces[3]
    assert folded(written) == heading


@given(st.text(max_size=30))
def test_folding_a_heading_twice_changes_nothing_more(text):
    assert folded(folded(text)) == folded(text)
    assert spelled(spelled(text)) == spelled(text)


@pytest.mark.parametrize(
    ("heading", "factor"),
    [("金额（万元）", 10_000), ("金额(元)", 1), ("金额【 万 元 】", 10_000), ("万元金额", 1), ("金额（百万元）", 1_000_000)],
)
def test_the_unit_in_brackets_is_the_scale(heading, factor):
    assert scale(heading) == factor


def test_every_variant_of_every_contract_is_recognised_as_its_own_column():
    for contract in load_contracts().values():
        matcher = Matcher(contract)
        for name, column in contract.text_columns().items():
            for heading in column.heading:
                match = matcher.column(f" {heading} ")
                assert match is not None
                assert match[0] == name, (contract.source, heading)


def test_numbered_member_columns_keep_their_number_even_in_brackets():
    matcher = Matcher(load_contracts()["assistance_roster"])
    assert matcher.column("其他家庭成员姓名（３）")[0] == "member_name_3"


def test_the_row_that_names_most_columns_is_the_heading_row(contract):
    headings = Matcher(contract).read([["姓名"], [], ["姓名", "身份证号", "金额（万元）"], ["甲", "乙", "1"]], "f")
    assert headings.row == 3
    assert headings.places["amount"] == [Place(2, 10_000)]


def test_the_first_of_two_equal_headings_wins_and_the_second_is_told(contract):
    headings = Matcher(contract).read([["姓名", "身份证号", "姓 名"]], "f")
    assert headings.places["name"] == [Place(0)]
    assert headings.repeated == ["姓名"]


def test_two_variants_of_a_column_are_asked_in_the_contracts_order(contract):
    headings = Matcher(contract).read([["人员姓名", "姓名", "身份证号"]], "f")
    assert headings.places["name"] == [Place(1), Place(0)]
    assert headings.variants == ["人员姓名"]


def test_a_missing_required_heading_is_named_with_those_found(contract):
    with pytest.raises(DataError) as stop:
        Matcher(contract).read([["姓名", "金额", "别的"]], "people/f.csv")
    assert "身份证号" in stop.value.what
    assert "“公民身份号码”" in stop.value.what
    assert "姓名、金额、别的" in stop.value.what
    assert "people/f.csv" in stop.value.where


def test_a_file_without_headings_shows_nothing_of_its_rows(contract):
    with pytest.raises(DataError) as stop:
        Matcher(contract).read([["张三", "370211199001011234"], ["李四", "370211199001011235"]], "f")
    assert "张三" not in str(stop.value)
    assert "3702" not in str(stop.value)


def test_what_looks_like_data_among_the_headings_is_shown_by_its_place_only(contract):
    assert shown("370211199001011234", 3) == "（第4列）"
    headings = Matcher(contract).read([["姓名", "身份证号", "370211199001011234"]], "f")
    assert headings.unknown == ["（第3列）"]


def test_columns_that_differ_only_in_brackets_are_told_apart_by_them():
    contract = Contract.model_validate(
        {
            "source": "s", "number": 1, "title": "t", "department": "d", "group": "g", "identity": {"name": "name"},
            "columns": {
                "name": {"heading": "姓名", "type": "name", "privacy": "identity"},
                "month_sum": {"heading": "金额（月）", "type": "money", "privacy": "finance"},
                "year_sum": {"heading": "金额（年）", "type": "money", "privacy": "finance"},
            },
        }
    )  # fmt: skip
    matcher = Matcher(contract)
    assert matcher.column("金额(年)")[0] == "year_sum"
    assert matcher.column("金额") is None


def places(contract, *rows):
    headings = Matcher(contract).read([row.split(",") for row in rows], "f")
    return headings.row, {name: [place.position for place in found] for name, found in headings.places.items()}


def test_headings_of_two_levels_are_joined_upper_and_lower():
    roster = load_contracts()["assistance_roster"]
    row, found = places(
        roster,
        "某区救助在册名单,,,,,,,,",
        "救助证号,救助类别,户主,,其他家庭成员姓名1,救助,,,备注",
        ",,姓名,身份证号,,开始年月,结束年月,,",
        "1,低保,张三,1,李四,202001,,,",
    )
    assert row == 3
    assert found == {
        "roster_no": [0],
        "assistance_class": [1],
        "head_name": [2],
        "head_id": [3],
        "member_name_1": [4],
        "from_month": [5],
        "to_month": [6],
    }


def test_a_lower_level_that_is_incomplete_takes_the_rest_from_the_upper():
    disabled = load_contracts()["disabled_persons"]
    row, found = places(disabled, "序号,姓名,残疾人证号,住址,,残疾等级", ",,,镇街,村居,", "1,张三,1,某镇,某村,一级")
    assert row == 2
    assert found == {"name": [1], "certificate": [2], "town": [3], "village": [4], "grade": [5]}


def test_of_two_equal_lower_headings_each_belongs_to_its_group():
    disabled = load_contracts()["disabled_persons"]
    row, found = places(disabled, "监护人,,残疾人,,", "姓名,身份证号,姓名,残疾证号,等级", "张三,1,李四,2,一级")
    assert (row, found) == (2, {"guardian": [0], "name": [2], "certificate": [3], "grade": [4]})


def test_a_title_or_a_data_row_is_no_level_of_headings(contract):
    assert places(contract, "某表,,", "姓名,身份证号,备注", "姓名,x,银行账号") == (
        2,
        {"name": [0], "id_number": [1], "note": [2]},
    )


def test_two_rows_of_headings_that_come_again_are_skipped_both(office):
    both = "户主,,金额\n姓名,身份证号,\n"
    contract = office.contract.model_copy(
        update={
            "columns": office.contract.columns
            | {"name": office.contract.columns["name"].model_copy(update={"heading": ["户主姓名"]})}
        }
    )
    office.contract = contract
    office.put("a.csv", f"{both}张三,1,2\n{both}李四,2,3\n")
    counts = office.extract()
    assert office.table()["name"].to_list() == ["张三", "李四"]
    assert (counts["skipped"], counts["rejected"]) == (4, 0)
