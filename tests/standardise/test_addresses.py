"""Addresses: town and village told apart, the rest alike in every writing."""

import pyarrow as pa
import pytest

from pipelines.standardise.addresses import number_of, read_addresses


@pytest.fixture
def read(connection):
    def reading(*texts):
        connection.register("address_raw", pa.table({"raw": pa.array(texts, pa.string())}))
        read_addresses(connection)
        connection.unregister("address_raw")
        found = {raw: rest for raw, *rest in connection.execute("FROM address_values").fetchall()}
        return [tuple(found[text]) for text in texts]

    return reading


def test_province_to_district_town_and_village_are_cut_off_and_told_apart(read):
    for begin in (
        "山东省青岛市黄岛区",
        "青岛市黄岛区",
        "黄岛区",
        "青岛西海岸新区",
        "山东青岛黄岛区",
        "山东省青岛市西海岸新区",
        "山东省 青岛市 黄岛区 ",
        "",
    ):
        assert read(f"{begin}王台镇徐家村12号") == [("王台镇", "徐家村", "12号")]


def test_one_room_in_all_its_writings_is_one_room(read):
    writings = [
        "长江中路100号海信花园3号楼2单元501室",
        "长江中路100号海信花园3号楼2单元501",
        "长江中路100号海信花园3幢2单元501室",
        "长江中路100号海信花园3栋2单元501户",
        "长江中路100号海信花园3#2单元501",
        "长江中路100号海信花园3#楼2单元501",
        "长江中路100号海信花园#3楼2单元501",
        "长江中路100号海信花园3-2-501",
        "长江中路100号海信花园3—2—501",
        "长江中路100号海信花园3号楼-2单元-501",
        "长江中路100号海信花园三号楼二单元501室",
        "长江中路100号海信花园三号楼二单元五〇一室",
        "长江中路１００号海信花园３号楼２单元５０１室",
        "长江中路100号 海信花园 3号楼 2单元 501室",
    ]
    assert set(read(*writings)) == {("", "", "长江中路100号海信花园3-2-501")}


def test_different_rooms_stay_different(read):
    assert (
        len(set(read("海信花园3号楼2单元501室", "海信花园3号楼2单元502室", "海信花园2号楼3单元501室", "海信花园32号楼501室")))
        == 4
    )


@pytest.mark.parametrize(
    ("written", "rest"),
    [
        ("山东路12号", "山东路12号"),
        ("青岛路5号", "青岛路5号"),
        ("北京市朝阳区建国路1号", "北京市朝阳区建国路1号"),
        ("三号路5号", "三号路5号"),
        ("12号", "12号"),
        ("12", "12号"),
    ],
)
def test_roads_named_after_places_and_other_districts_are_left_alone(read, written, rest):
    assert read(written) == [("", "", rest)]


def test_an_address_that_ends_at_the_town_or_village_has_no_rest(read):
    assert read("青岛市黄岛区", "黄岛街道", "长江路街道长江路社区") == [
        ("", "", None),
        ("黄岛街道", "", None),
        ("长江路街道", "长江路社区", None),
    ]


@pytest.mark.parametrize(
    ("words", "number"),
    [("十", 10), ("十二", 12), ("二十", 20), ("三十五", 35), ("一百零二", 102), ("二〇三", 203), ("五", 5), ("一百一十", 110)],
)
def test_numerals(words, number):
    assert number_of(words) == number
