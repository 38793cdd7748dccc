"""Wide rows become one row per member that is named, by the contract alone."""

import pytest

from pipelines.contracts import Contract, load_contracts

CONTRACTS = load_contracts()
MAN, WOMAN = "370211198503124516", "37021119870615122X"


def test_a_roster_row_gives_its_head_and_every_named_member(standardised):
    row = {
        "roster_no": "R1",
        "assistance_class": "低保",
        "head_name": "张三",
        "head_id": MAN,
        "member_name_1": "李四",
        "member_id_3": WOMAN[:17] + "3",
        "member_id_4": WOMAN,  # a wrong check digit and no name: nobody
        "member_name_6": "王五",
        "from_month": "202101",
        "month_amount": "1,234.5",
        "town": "张家楼镇",
    }
    records, counts = standardised(CONTRACTS["assistance_roster"], [row])
    assert [(r["member_no"], r["name"], r["id_number"]) for r in records] == [
        (0, "张三", MAN),
        (1, "李四", None),
        (3, None, WOMAN[:17] + "3"),
        (6, "王五", None),
    ]
    assert {r["household_key"] for r in records} == {"R1"}
    assert {r["town"] for r in records} == {"张家楼街道"}
    assert {str(r["month_amount"]) for r in records} == {"1234.50"}
    assert (counts["rows"], counts["records"]) == (1, 4)


def test_in_a_marriage_the_first_is_the_man_and_the_second_the_woman(standardised):
    row = {
        "man_name": "张三",
        "woman_name": "李四",
        "woman_id": WOMAN,
        "register_type": "结婚登记",
        "registered_on": "2021-03-05",
    }
    records, _ = standardised(CONTRACTS["marriage"], [row])
    assert [(r["member_no"], r["name"], r["sex"], r["sex_from_id"]) for r in records] == [
        (0, "张三", "1", False),
        (1, "李四", "2", False),
    ]
    assert {r["register_type"] for r in records} == {"结婚"}


def test_a_row_whose_members_are_all_unnamed_gives_none(standardised):
    records, counts = standardised(CONTRACTS["marriage"], [{"register_type": "结婚"}])
    assert records == []
    assert counts["records"] == 0


def test_warnings_name_the_members_own_column(standardised):
    row = {
        "roster_no": "R1",
        "assistance_class": "低保",
        "head_name": "张三",
        "head_id": MAN,
        "member_name_2": "李□",
        "from_month": "202101",
    }
    records, _ = standardised(CONTRACTS["assistance_roster"], [row])
    assert [r["warnings"] for r in records] == [[], ["member_name_2:lost_character"]]


@pytest.fixture
def seventeenth():
    """A source nobody wrote code for: two persons a row, a zero-one sex, a second telephone and id besides the identity."""
    return Contract.model_validate(
        {
            "source": "adoption",
            "number": 99,
            "title": "民政 · 收养登记",
            "department": "民政",
            "group": "civil_affairs",
            "columns": {
                "child": {"heading": "被收养人", "type": "name", "privacy": "identity"},
                "child_id": {"heading": "被收养人身份证号", "type": "id_number", "privacy": "identity"},
                "child_sex": {"heading": "性别", "type": "sex", "privacy": "identity", "zero_one_sex": True},
                "parent": {"heading": "收养人", "type": "name", "privacy": "identity"},
                "parent_sex": {"heading": "收养人性别", "type": "sex", "privacy": "identity"},
                "parent_id": {"heading": "收养人身份证号", "type": "id_number", "privacy": "identity"},
                "witness_id": {"heading": "见证人身份证号", "type": "id_number", "privacy": "identity"},
                "phone": {"heading": "单位电话", "type": "phone", "privacy": "contact"},
                "amount": {"heading": "费用", "type": "money", "privacy": "finance"},
                "order": {"heading": "序号", "type": "integer", "privacy": "none"},
                "until": {"heading": "至", "type": "date", "privacy": "none", "open": ["永久"]},
            },
            "identity": [
                {"member": 0, "name": "child", "id_number": "child_id", "sex": "child_sex"},
                {"member": 1, "name": "parent", "id_number": "parent_id", "sex": "parent_sex"},
            ],
        }
    )


def test_a_new_source_needs_its_contract_and_no_code(standardised, seventeenth):
    row = {
        "child": "张小三",
        "child_sex": "0",
        "parent": "张三",
        "parent_id": MAN,
        "witness_id": WOMAN.lower(),
        "phone": "+86 13812345670",
        "amount": "1万元",
        "until": "永久",
        "order": "3",
    }
    records, _ = standardised(seventeenth, [row])
    child, parent = records
    assert (child["sex"], child["birth_date"]) == ("2", None)
    assert (parent["sex"], parent["sex_from_id"], parent["birth_date_from_id"]) == ("1", True, True)
    assert (parent["witness_id"], parent["phone"], parent["phone_said"]) == (WOMAN, None, "13812345670")
    assert str(parent["amount"]) == "10000.00"
    assert parent["until"] is None
    assert parent["order"] == 3  # a word of SQL may be a column's name
    assert parent["warnings"] == []


def test_each_member_s_sex_is_read_as_its_own_column_writes_it(standardised, seventeenth):
    rows = [
        {"child": "张小三", "child_sex": "1", "parent": "张三", "parent_sex": "女"},
        {"child": "张小四", "child_sex": "0", "parent": "张四", "parent_sex": "1"},
        {"child": "张小五", "child_sex": "甲", "parent": "张五", "parent_sex": "0"},
    ]
    records, _ = standardised(seventeenth, rows)
    assert [r["sex"] for r in records] == ["1", "2", "2", "1", None, None]
    assert [r["warnings"] for r in records] == [[], [], [], [], ["child_sex:unknown_code"], []]
