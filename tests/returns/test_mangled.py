"""A list mangled in every way at once: each row is taken or named, and nothing is taken that was not written."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.returns.answers import Context, judge, lead_number, outcome_codes
from pipelines.returns.sheets import Row

CODES = list(load_outcomes())

numbers = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=11, max_size=11).map("L".__add__)


@given(
    numbers,
    st.sampled_from([str.lower, str.upper]),
    st.integers(0, 11),
    st.sampled_from(["", " ", "-", "'", "　", "\t"]),
    st.booleans(),
)
def test_retyping_a_number_in_any_usual_way_gives_the_number(number, case, place, noise, lookalikes):
    typed = case(number)
    typed = typed[:place] + noise + typed[place:]
    if lookalikes:
        typed = typed[0] + typed[1:].replace("0", "o").replace("1", "l")
    assert lead_number(typed) == number


@given(st.sampled_from(CODES), st.sampled_from([str.lower, str.upper]), st.sampled_from(["", " ", "：", "."]), st.booleans())
def test_a_code_with_or_without_its_label_is_that_code(code, case, between, labelled):
    assert outcome_codes(case(code) + (between + load_outcomes()[code].label if labelled else "")) == [code]


@given(st.text(max_size=12))
def test_no_text_gives_a_code_that_does_not_exist(text):
    assert set(outcome_codes(text)) <= set(CODES)


@given(st.dictionaries(st.sampled_from(["lead_id", "outcome", "visited_on", "note", "lives_with", "village", "batch"]),
                       st.text(string.printable + "张三一二月日　", max_size=14), max_size=7))  # fmt: skip
def test_any_row_is_an_answer_or_has_a_reason(cells):
    import datetime as dt

    filled = {name: text for name, text in cells.items() if text.strip()}
    context = Context(frozenset({"outcome", "note", "lives_with", "visited_on"}), frozenset(), {}, {}, dt.date(2026, 11, 20))
    judged = judge(Row(2, filled), context)
    assert judged.answer is not None or judged.remarks
    context = Context(context.answers, frozenset({lead_number(filled.get("lead_id", ""))}), {}, {}, dt.date(2026, 11, 20))
    judged = judge(Row(2, filled), context)
    assert (judged.answer is None) <= bool(judged.remarks)
    if judged.answer:
        assert judged.answer.outcome_code in CODES


row_changes = st.lists(
    st.tuples(
        st.integers(0, 3),  # which row of the list
        st.sampled_from(["", *CODES, "Z9", "不知道", "A1、B1"]),
        st.sampled_from(["as issued", "lower", "spaced", "wrong", "missing"]),
        st.sampled_from(["2026-11-05", "11月5日", "昨天", ""]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=row_changes,
    order=st.randoms(use_true_random=False),
    encoding=st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]),
    number=st.integers(),
)
def test_of_a_mangled_list_every_row_is_taken_or_named_with_its_reason(month, changes, order, encoding, number):
    issued = month.rows()
    headings = list(issued[0])
    order.shuffle(headings)
    sent, expected = [], {}
    for place, code, identity, day in changes:
        lead_id = issued[place]["线索编号"]
        typed = {
            "as issued": lead_id,
            "lower": lead_id.lower(),
            "spaced": f"{lead_id[:5]} {lead_id[5:]}",
            "wrong": "L" + "Z" * 11,
            "missing": "",
        }
        sent.append({**issued[place], "线索编号": typed[identity], "核查结果码": code, "核查日期": day})
        if identity in ("as issued", "lower", "spaced") and code in CODES:
            expected.setdefault(lead_id, set()).add(code)
    name = f"回{number}.csv"
    month.send(sent, name=name, encoding=encoding, headings=headings)
    before = {(row["file"], row["row_no"]) for row in on_record(month)}
    counts = month.read()
    named = {int(row["行号"]) for row in month.not_taken(name) if row["处理"] == "未采用"}
    if counts["files_known"] < counts["files"]:
        assert counts["rows"] == len(sent)
        assert counts["rows"] == counts["taken"] + counts["repeated"] + counts["blank"] + counts["not_taken"]
        assert len(named) == counts["blank"] + counts["not_taken"]
        assert len(named) + counts["taken"] + counts["repeated"] == len(sent)
        for row in on_record(month):
            if (row["file"], row["row_no"]) not in before and row["file"] == name:
                assert row["outcome_code"] in expected[row["lead_id"]]
        standing = [row["lead_id"] for row in on_record(month) if not row["superseded"]]
        assert len(standing) == len(set(standing))
        assert set(expected) <= set(standing)
    (month.folder / name).unlink()


def on_record(month):
    path = month.home.lake("2026-10", "returns", "followups")
    return month.lake.read("2026-10", "returns", "followups") if path.exists() else []
