"""Parameters: which value holds where, for whom and when; a neighbour year's never."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DeclarationError, UsageError
from pipelines.parameters import area_chain, figure, load_parameters, parameters_on, print_parameters

PARAMETERS = load_parameters()

HEAD = "parameter: heat.line\ntitle: 取暖线\nunit: 元/户/年\nvalues:\n"


def value(key, area="370211", population="urban", day="2026-10-31"):
    held = PARAMETERS[key].value_on(area, population, dt.date.fromisoformat(day))
    return None if held is None else held.value


def write(folder, *rows, head=HEAD, name="heat.yaml"):
    (folder / name).write_text(head + "".join(f"  - {{{row}}}\n" for row in rows), encoding="utf-8")
    return load_parameters(folder)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2017-03-31", None), ("2017-04-01", 660), ("2020-03-31", 660), ("2020-04-01", 700), ("2021-06-30", 700), ("2021-07-01", 904),
     ("2023-12-31", 904), ("2024-01-01", 1115), ("2026-10-31", 1115)],
)  # fmt: skip
def test_a_value_holds_from_its_day_until_the_next_and_not_before(day, expected):
    assert value("dibao.standard", day=day) == expected


def test_town_and_country_have_their_own_values_where_they_differ():
    assert value("disposable_income", population="urban") == 65000
    assert value("disposable_income", population="rural") == 30000
    assert value("disposable_income", population="") is None  # nobody knows which: neither is taken
    assert value("monitor.line", population="urban") is None
    assert value("monitor.line", population="rural") == 8800


def test_an_area_without_a_value_takes_that_of_the_area_above_it():
    assert area_chain("370211001") == ["370211001", "370211", "370200", "370000", "000000"]
    assert value("min_wage.month", area="370211001") == 2200  # of the city
    assert value("edge.multiplier", area="370211") == Decimal("1.5")  # of the nation
    assert value("dibao.standard", area="370283") is None  # another district's is not taken


def test_the_nearest_area_goes_before_the_wider_one_and_its_own_population_before_any(tmp_path):
    heat = write(
        tmp_path,
        'area: "370200", from: 2020-01-01, value: 1, status: to_confirm',
        'area: "370211", from: 2022-01-01, value: 2, status: to_confirm',
        'area: "370211", population: rural, from: 2023-01-01, value: 3, status: to_confirm',
    )["heat.line"]
    on = [
        (heat.value_on("370211", population, dt.date(year, 6, 1)).value)
        for population in ("urban", "rural")
        for year in (2021, 2022, 2023)
    ]
    assert on == [1, 2, 2, 1, 2, 3]


def test_a_stretch_declared_as_not_known_has_no_value_and_the_area_above_does_not_fill_it(tmp_path):
    heat = write(
        tmp_path,
        'area: "000000", from: 2000-01-01, value: 9, status: to_confirm',
        'area: "370211", from: 2020-01-01, value: 1, status: to_confirm',
        'area: "370211", from: 2022-01-01, value: null, status: to_confirm',
        'area: "370211", from: 2023-01-01, value: 2, status: to_confirm',
    )["heat.line"]
    assert [getattr(heat.value_on("370211", "any", dt.date(year, 6, 1)), "value", None) for year in (2021, 2022, 2023)] == [
        1,
        None,
        2,
    ]


@given(
    st.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)), st.sampled_from(sorted(PARAMETERS)), st.sampled_from(["urban", "rural"])
)
def test_a_value_that_holds_has_begun_and_nothing_of_the_same_kind_has_begun_since(day, key, population):
    held = PARAMETERS[key].value_on("370211", population, day)
    if held is None:
        return
    same = [v for v in PARAMETERS[key].values if (v.area, v.population) == (held.area, held.population) and v.since <= day]
    assert held.since == max(v.since for v in same)


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        (['area: "370211", from: 2020-01-01, value: 1, status: confirmed'], 5, "依据文件"),
        (['area: "370211", from: 2020-01-01, value: 一, status: to_confirm'], 5, "应为数字"),
        (['area: "370211", from: 2020-01-01, value: true, status: to_confirm'], 5, "应为数字"),
        (['area: "370211", from: 2020年, value: 1, status: to_confirm'], 5, "应为日期"),
        (['area: 黄岛, from: 2020-01-01, value: 1, status: to_confirm'], 5, "写法不对"),
        (['area: "370211", from: 2020-01-01, value: 1'], 5, "缺少这一项"),
        (['area: "370211", from: 2020-01-01, valeu: 1, status: to_confirm'], 5, "valeu"),
        (['area: "370211", from: 2020-01-01, value: 1, status: to_confirm', 'area: "370211", from: 2019-01-01, value: 1, status: to_confirm'], 6, "先后"),
        (['area: "370211", from: 2020-01-01, to: 2020-12-31, value: 1, status: to_confirm', 'area: "370211", from: 2021-03-01, value: 1, status: to_confirm'], 6, "空档"),
        (['area: "370211", from: 2020-01-01, to: 2020-12-31, value: 1, status: to_confirm', 'area: "370211", from: 2020-12-01, value: 1, status: to_confirm'], 6, "重叠"),
        (['area: "370211", from: 2020-01-01, to: 2019-12-31, value: 1, status: to_confirm'], 5, "to 早于 from"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_parameter_is_refused_with_its_file_and_line(tmp_path, rows, line, said):
    with pytest.raises(DeclarationError) as refused:
        write(tmp_path, *rows)
    assert f"heat.yaml 第 {line} 行" in str(refused.value)
    assert said in str(refused.value)
    assert refused.value.todo


def test_a_key_in_the_wrong_file_or_declared_twice_is_refused(tmp_path):
    row = 'area: "370211", from: 2020-01-01, value: 1, status: to_confirm'
    with pytest.raises(DeclarationError, match=r"移到 heat\.yaml"):
        write(tmp_path, row, name="cold.yaml")
    (tmp_path / "cold.yaml").unlink()
    with pytest.raises(DeclarationError, match="两次"):
        write(tmp_path, row, head=HEAD.replace("title", "title: 甲\ntitle"))
    once = HEAD + f"  - {{{row}}}\n"
    (tmp_path / "heat.yaml").write_text(f"{once}---\n{once}", encoding="utf-8")
    with pytest.raises(DeclarationError, match="声明了两次") as refused:
        load_parameters(tmp_path)
    assert "第 7 行" in str(refused.value)


def test_what_is_no_yaml_is_told_with_its_line(tmp_path):
    (tmp_path / "heat.yaml").write_text("parameter: heat.line\ntitle: [没有关上\nunit: 元\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"heat.yaml 第 \d 行"):
        load_parameters(tmp_path)


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [("30000", "元/人/12个月", "30,000 元"), ("0.5", "占比", "50%"), ("0.625", "占比", "62.5%"), ("1.5", "倍", "1.5 倍"), ("904.50", "元/人/月", "904.5 元"), ("20", "工作日", "20 工作日")],
)  # fmt: skip
def test_a_figure_is_written_as_officers_write_it(number, unit, text):
    assert figure(Decimal(number), unit) == text


def test_the_list_of_a_date_names_what_has_no_value_and_what_is_to_be_confirmed(capsys):
    held = {(one.key, one.population): one.value for one in parameters_on(dt.date(2023, 6, 1), "370211")}
    assert held["disposable_income", "any"] is None
    assert held["dibao.standard", "any"].value == 904
    assert held["dibao.standard", "any"].status == "to_confirm"
    later = {(one.key, one.population): one.value for one in parameters_on(dt.date(2026, 6, 1), "370211")}
    assert later["disposable_income", "rural"].value == 30000
    print_parameters("2023-06-01", "370211")
    shown = capsys.readouterr().out
    assert "没有值" in shown
    assert "待确认" in shown


@pytest.mark.parametrize(("on", "area"), [("去年", "370211"), ("2026-02-30", "370211"), ("2026-10-31", "黄岛")])
def test_a_wrong_date_or_area_is_wrong_usage(on, area):
    with pytest.raises(UsageError):
        print_parameters(on, area)
