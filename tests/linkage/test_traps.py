"""The traps of the design, each a small case: who is who, and who must not be."""

import pytest

from tests.builders.town import TOWN, Town, id_of, slip

MING, LIANG = id_of("20080512", 301), id_of("20080512", 303)
MOTHER, CHILD = id_of("19851103", 422), id_of("20150617", 415)
SHARED = id_of("19700808", 511)
YUERAN_OLD, YUERAN_NEW = id_of("19901209", 228), id_of("19901209", 442, area="370212")
OLD_MAN = id_of("19480316", 117)
ABDULLA, ALIM = id_of("19820704", 633), id_of("19880923", 651)
OUYANG_FATHER, OUYANG_DAUGHTER = id_of("19771230", 715), id_of("20031111", 728)
LYU, LI, YAN = id_of("19690214", 224), id_of("19750619", 226), id_of("19960401", 831)
XIUYING_ONE, XIUYING_TWO = id_of("19580320", 124), id_of("19580911", 222)
MAIDEN, FATHER, LUNAR = id_of("19631015", 426), id_of("19550505", 335), id_of("19460407", 553)
HEAD, WANGFANG_HERE, WANGFANG_THERE = id_of("19600101", 219), id_of("19870202", 324), id_of("19870710", 328)
LEAVER, SOLDIER, MOVED = id_of("19400606", 113), id_of("20010909", 617), id_of("19790303", 771)
ALIKE = id_of("19831224", 337)
AGED, YOUNG = id_of("19480316", 119), id_of("19910422", 331)


def furnish(town):
    put, register = town.put, town.register
    register("ming", "周家明", MING, household="100001", relation="长子")
    register("liang", "周家亮", LIANG, household="100001", relation="次子")
    put("medical_enrolment", "liang_typo", name="周家亮", id_number=slip(LIANG, 12), birth_date="2008-05-12")
    put("medical_settlement", "ming_typo", settlement_id="a1", name="周家明", id_number=slip(MING, 5))

    register("mother", "刘桂芳", MOTHER, household="100002")
    register("child", "陈子墨", CHILD, household="100002", relation="长子")
    put(
        "school_enrolment", "child_at_school", name="陈子墨", id_number=MOTHER, birth_date="2015-06-17", sex="男", student_no="s1"
    )
    put("medical_settlement", "child_in_hospital", settlement_id="a2", name="陈子墨", id_number=MOTHER)
    put("medical_settlement", "mother_in_hospital", settlement_id="a3", name="刘桂芳", id_number=MOTHER)

    register("shared_one", "赵铁柱", SHARED, household="100003")
    register("shared_two", "钱彩凤", SHARED, household="100004", village="石桥村")
    put("medical_enrolment", "shared_one_enrolled", name="赵铁柱", id_number=SHARED)
    put("medical_enrolment", "shared_two_enrolled", name="钱彩凤", id_number=SHARED)

    register("yueran", "孙悦然", YUERAN_OLD, household="100005", phone="13700000005")
    put(
        "medical_enrolment",
        "yueran_new_id",
        name="孙悦然",
        id_number=YUERAN_NEW,
        birth_date="1990-12-09",
        sex="女",
        phone="13700000005",
    )

    register("old_man", "郝德福", OLD_MAN, household="100006", phone="13700000006")
    put("medical_enrolment", "fifteen_digits", name="郝德福", id_number=OLD_MAN[:6] + OLD_MAN[8:17])
    put("medical_settlement", "zeros", settlement_id="a4", name="郝德福", id_number=OLD_MAN[:15] + "000")
    put("medical_enrolment", "scientific", name="郝德福", id_number="3.70211E+17", phone="13700000006")
    put("medical_settlement", "masked", settlement_id="a5", name="郝德福", id_number=OLD_MAN[:6] + "********" + OLD_MAN[14:])
    put("medical_settlement", "digit_lost", settlement_id="a6", name="郝德福", id_number=OLD_MAN[:9] + OLD_MAN[10:])
    put(
        "medical_settlement",
        "neighbours",
        settlement_id="a7",
        name="郝德福",
        id_number=OLD_MAN[:14] + OLD_MAN[15] + OLD_MAN[14] + OLD_MAN[16:],
    )

    register("abdulla", "阿卜杜拉·买买提", ABDULLA, household="100007", phone="13700000007")
    for number, dot in enumerate(("·", "•", "・", "．", ".", "")):
        put("grid_reports", f"dot{number}", report_no=f"d{number}", name=f"阿卜杜拉{dot}买买提", phone="13700000007")
    register("alim", "阿布都热依木·阿布都拉", ALIM, household="100008", phone="13700000008")
    put("medical_enrolment", "cut", name="阿布都热依木·阿", id_number=ALIM)
    put("medical_enrolment", "spelt", name="阿不都热依木·阿不都拉", id_number=ALIM)
    put("grid_reports", "cut_without_id", report_no="c1", name="阿不都热依木·阿", phone="13700000008")

    register("ouyang_father", "欧阳建峰", OUYANG_FATHER, household="100009")
    register("ouyang_daughter", "欧阳雪", OUYANG_DAUGHTER, household="100009", relation="长女")
    put(
        "school_enrolment",
        "ouyang_typo",
        name="欧阳雪",
        id_number=slip(OUYANG_DAUGHTER, 17),
        birth_date="2003-11-11",
        student_no="s2",
    )

    register("lyu", "吕秀兰", LYU, household="100010")
    put("medical_enrolment", "traditional_surname", name="呂秀蘭", id_number=LYU)
    register("li", "韩丽", LI, household="100011", phone="13700000011")
    put("grid_reports", "traditional", report_no="t1", name="韓麗", phone="13700000011")
    register("yan", "田䶮", YAN, household="100012")
    put("medical_enrolment", "lost_character", name="田?", id_number=YAN)

    register("xiuying_one", "王秀英", XIUYING_ONE, household="100013", village="大河东村")
    register("xiuying_two", "王秀英", XIUYING_TWO, household="100014", village="大河东村")
    put("grid_reports", "some_xiuying", report_no="x1", name="王秀英", town=TOWN, village="大河东村")

    put("grid_reports", "stranger_first", report_no="n1", name="尉迟长安", phone="13711112222")
    put("grid_reports", "stranger_again", report_no="n2", name="尉迟长安", phone="13711112222", town=TOWN)
    put("grid_reports", "sent_twice", report_no="n3", name="尉迟长安", phone="13711112222")
    put("grid_reports", "sent_twice_again", report_no="n3", name="尉迟长安", phone="13711112222")
    put("grid_reports", "head_suffix", report_no="n4", name="郝德福（户主）", phone="13700000006")
    put(
        "police_death",
        "dead_suffix",
        name="邵明德（已故）",
        id_number=LEAVER,
        death_date="2026-09-20",
        cancelled_on="2026-09-30",
        cancel_reason="死亡",
    )
    register("leaver", "邵明德", LEAVER, household="100015")
    register("soldier", "顾长江", SOLDIER, household="100016")
    put("police_death", "enlisted", name="顾长江", id_number=SOLDIER, cancelled_on="2026-09-01", cancel_reason="参军")

    register("maiden", "李桂花", MAIDEN, household="100017", former_name="张桂花", phone="13700000017")
    put("medical_enrolment", "maiden_name", name="张桂花", id_number=MAIDEN)
    put("grid_reports", "maiden_without_id", report_no="m1", name="张桂花", phone="13700000017")

    for number in range(30):
        put(
            "medical_settlement",
            f"placeholder{number}",
            settlement_id=f"p{number}",
            name=town.people[number * 7][0],
            id_number="999999999999999999",
        )

    register("moved", "万立新", MOVED, household="100018", village="孟家庄")
    put("grid_reports", "old_town", report_no="o1", name="万立新", town="信阳镇", village="孟家庄", phone="13788880000")

    register("father", "孔祥东", FATHER, household="100019", phone="13700000019")
    put("grid_reports", "unlisted_son", report_no="f1", name="孔令强", phone="13700000019", town=TOWN, village="东洼村")

    register("lunar", "姜玉兰", LUNAR, household="100020", sex="女")
    put("medical_enrolment", "lunar_birthday", name="姜玉兰", birth_date="1946-03-06")

    register("head", "汪永胜", HEAD, household="100021")
    register("wangfang_here", "王芳", WANGFANG_HERE, household="100021", relation="配偶")
    register("wangfang_there", "王芳", WANGFANG_THERE, household="100022", village="北屯")
    put(
        "assistance_roster",
        "roster",
        roster_no="r1",
        head_name="汪永胜",
        head_id=HEAD,
        member_name_1="王芳",
        town=TOWN,
        village="东洼村",
    )

    register("aged", "贺永年", AGED, household="100025", village="沙沟村")
    register("young", "侯永年", YOUNG, household="100026", village="北屯")
    for tag, name, age in (("aged_buried", "贺永年", "78"), ("aged_nominal", "贺永年", "80"), ("other_buried", "侯永年", "78")):
        put("funeral", tag, name=name, sex="男", age=age, death_date="2026-09-10", cremated_on="2026-09-12")

    register("alike", "任宇轩", ALIKE, household="100023")
    put("medical_enrolment", "alike_character", name="任字轩", id_number=ALIKE)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town(tmp_path_factory.mktemp("traps"))
    furnish(town)
    return town.standardise().link()


def test_twins_are_told_apart_though_one_id_has_a_slip(town):
    assert town.person("liang_typo") == town.person("liang") != town.person("ming")
    assert town.person("ming_typo") == town.person("ming")


def test_a_child_under_the_mothers_id_is_the_child_and_the_loan_is_listed(town):
    assert town.person("child_at_school") == town.person("child") != town.person("mother")
    assert town.person("child_in_hospital") == town.person("child")
    assert town.person("mother_in_hospital") == town.person("mother")
    assert town.issue_kinds("child_at_school") == {"borrowed_id"}


def test_two_people_with_one_valid_id_stay_two(town):
    assert town.person("shared_one") != town.person("shared_two")
    assert town.person("shared_one_enrolled") == town.person("shared_one")
    assert town.person("shared_two_enrolled") == town.person("shared_two")
    assert "shared_id" in town.issue_kinds("shared_one_enrolled")


def test_one_person_with_two_valid_ids_is_one(town):
    assert town.person("yueran_new_id") == town.person("yueran")
    assert town.issue_kinds("yueran_new_id") == {"second_id"}


@pytest.mark.parametrize("tag", ["fifteen_digits", "zeros", "scientific", "masked", "digit_lost", "neighbours", "head_suffix"])
def test_a_damaged_id_finds_its_owner(town, tag):
    assert town.person(tag) == town.person("old_man")


@pytest.mark.parametrize("tag", [f"dot{n}" for n in range(6)])
def test_any_middle_dot_or_none_is_the_same_name(town, tag):
    assert town.person(tag) == town.person("abdulla")


@pytest.mark.parametrize("tag", ["cut", "spelt", "cut_without_id"])
def test_a_name_cut_off_or_spelt_otherwise_is_the_same_person(town, tag):
    assert town.person(tag) == town.person("alim")


def test_a_compound_surname_is_not_half_a_given_name(town):
    assert town.person("ouyang_typo") == town.person("ouyang_daughter") != town.person("ouyang_father")


def test_traditional_forms_and_lost_characters_agree(town):
    assert town.person("traditional_surname") == town.person("lyu")
    assert town.person("traditional") == town.person("li")
    assert town.person("lost_character") == town.person("yan")
    assert town.person("alike_character") == town.person("alike")


def test_two_namesakes_of_one_village_and_year_are_asked_about_not_guessed(town):
    both = {town.person("xiuying_one"), town.person("xiuying_two")}
    assert len(both) == 2
    assert town.person("some_xiuying") not in both
    assert town.asked("some_xiuying") == both


def test_name_and_phone_alone_make_one_provisional_person(town):
    who = {town.person(tag) for tag in ("stranger_first", "stranger_again", "sent_twice", "sent_twice_again")}
    assert len(who) == 1
    person = town.persons[who.pop()]
    assert person["provisional"]
    assert person["id_number"] is None


def test_what_is_added_to_a_name_is_not_part_of_it_and_only_death_ends_a_life(town):
    assert town.person("dead_suffix") == town.person("leaver")
    dead, soldier = town.persons[town.person("leaver")], town.persons[town.person("soldier")]
    assert not dead["alive"]
    assert str(dead["death_date"]) == "2026-09-20"
    assert soldier["alive"]
    assert town.person("enlisted") == town.person("soldier")


def test_a_former_name_finds_its_bearer(town):
    assert town.person("maiden_name") == town.person("maiden_without_id") == town.person("maiden")


def test_a_placeholder_does_not_join_anybody(town):
    people = [town.person(f"placeholder{number}") for number in range(30)]
    assert len(set(people)) == len({town.people[number * 7][0] for number in range(30)})


def test_a_village_whose_town_was_renamed_is_the_same_village(town):
    assert town.person("old_town") == town.person("moved")


def test_a_son_with_his_fathers_phone_is_not_his_father(town):
    assert town.person("unlisted_son") != town.person("father")


def test_a_lunar_birthday_is_recognised(town):
    assert town.person("lunar_birthday") == town.person("lunar")


def test_a_common_name_on_a_roster_is_the_one_of_the_heads_household(town):
    assert town.person("roster", 0) == town.person("head")
    assert town.person("roster", 1) == town.person("wangfang_here") != town.person("wangfang_there")


def test_an_age_without_a_date_is_held_against_the_year_of_birth(town):
    assert town.person("aged_buried") == town.person("aged")
    assert town.person("aged_nominal") == town.person("aged")  # 虚岁: a year or two more than lived
    assert town.person("other_buried") != town.person("young")  # though nobody else bears the name


def test_every_row_has_exactly_one_person(town):
    assert len(town.records) == sum(len(rows) for rows in town.rows.values()) + 1  # the roster's second member
    assert {r["person_id"] for r in town.records} <= set(town.persons)
    assert len({r["record_id"] for r in town.records}) == len(town.records)


def test_a_register_that_repeats_a_row_with_a_slip_in_the_id_holds_one_person(tmp_path):
    town = Town(tmp_path)
    own = id_of("19790514", 312)
    town.register("listed", "孟秀兰", own, household="910001")
    town.register("repeated", "孟秀兰", slip(own, 16), household="910001", birth_date="1979-05-14", sex="女")
    town.register("sister", "孟秀云", slip(id_of("19790514", 322), 16), household="910001", birth_date="1979-05-14", sex="女")
    town.standardise().link()
    assert town.person("listed") == town.person("repeated") != town.person("sister")
    assert town.persons[town.person("listed")]["id_number"] == own
    assert "registered_twice" in town.issue_kinds("repeated")


def test_the_keys_leave_behind_what_tells_how_many_they_missed(town):
    from pipelines.linkage.measure.missed import missed_matches

    estimated = missed_matches(town.home, "2026-10")
    assert estimated.by_source["found"].sum() > 0
    assert 0 <= estimated.never_found <= estimated.by_source["open_identities"].sum()
