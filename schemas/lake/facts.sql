-- Stage assess: lake/<batch>/assess/person_fact.parquet, household_fact.parquet, fact_records.parquet.
--
-- One line per fact:  含义 | 单位 | 时间窗 | 来源（数据源的 key）. Rules are conditions over these columns.
-- * NULL is "not known", never "no": a source with no file in the batch makes every fact that only it can tell NULL for
--   everybody; in a file that came, not being listed means FALSE or 0. Where a row of the source may be the person's and nobody has
--   decided whether it is (possible_records), not being listed is not known: yes-or-no facts are NULL, amounts and counts
--   stay what they are without the row, a lower bound.
-- * DEFAULT is what a fact is of somebody whom its source, which came, does not list; a yes-or-no fact without one is false
--   then, any other NULL.
-- * A person-subject rule sees person_fact and, joined on household_id, household_fact. No name stands in both but household_id:
--   what is about the household begins with household_ or member_ (member_: summed or counted over the members).
-- * household_id is the assistance household (rules.md) of a living member. Somebody dead or in custody is in none: all
--   household columns are NULL for them, and left_household_id says whom a finding about them goes to.
-- * Incomes come twice: `income_…` is NULL unless all of it is known, `income_…_known` is the part that is, a lower bound.
--   Write  income_known < x and income < x  where less than x is asked for, and  income_known > x  where more: so a bound
--   that already decides the comparison decides it.
-- * 本月 is the batch's month, 截止日 (as_of) its last day. 近12月: the 12 months ending with 本月; 前12月: the 12 ending
--   with the month before. 近6月, 近3月 likewise end with 本月.

CREATE TABLE person_fact (      -- every person with a record in this batch
    person_id VARCHAR,                          -- 人员编号 | - | - | -
    household_id VARCHAR,                       -- 所在救助家庭；死亡、在押人员为空 | - | 截止日 | police_household, marriage, police_death, custody
    left_household_id VARCHAR,                  -- 死亡、在押人员离开的救助家庭 | - | 截止日 | police_household, marriage, police_death, custody
    left_reason VARCHAR,                        -- 离开原因：dead 死亡，custody 在押 | - | 截止日 | police_death, custody
    register_household_id VARCHAR,              -- 户籍家庭 | - | 本月 | police_household
    in_register BOOLEAN,                        -- 本月在户籍登记中 | 是/否 | 本月 | police_household
    population VARCHAR,                         -- 户籍镇街类别：urban 街道，rural 镇 | urban/rural | 本月 | police_household
    sex VARCHAR,                                -- 性别：1 男，2 女 | GB/T 2261.1 | - | police_household
    age INTEGER,                                -- 周岁 | 岁 | 截止日 | police_household
    age_on_1_september INTEGER,                 -- 最近一个9月1日的周岁 | 岁 | 截止日前最近的9月1日 | police_household
    alive BOOLEAN,                              -- 健在（无死亡注销记录） | 是/否 | 截至本批 | police_death
    death_date DATE,                            -- 死亡日期 | 日期 | 截至本批 | police_death
    dead_before_month BOOLEAN,                  -- 死于本月之前的月份 | 是/否 | 本月之前 | police_death

    -- Medical: settlements netted by 结算ID, exact repeats once, refunds added; in the month of the bill's own 结算日期.
    medical_burden_12m DECIMAL(18,2),           -- 政策范围内个人负担 | 元 | 近12月 | medical_settlement
    medical_total_burden_12m DECIMAL(18,2),     -- 全部个人负担（含目录外自费） | 元 | 近12月 | medical_settlement
    medical_burden_before_12m DECIMAL(18,2),    -- 政策范围内个人负担（不含当月） | 元 | 前12月 | medical_settlement
    medical_burden_3m DECIMAL(18,2),            -- 政策范围内个人负担 | 元 | 近3月 | medical_settlement
    medical_burden_months_4_12 DECIMAL(18,2),   -- 政策范围内个人负担，近3月之前的9个月 | 元 | 本月前第11至第3个月 | medical_settlement
    medical_max_settlement_12m DECIMAL(18,2),   -- 单次结算最高的政策范围内个人负担 | 元 | 近12月 | medical_settlement
    medical_max_settlement_on DATE,             -- 该次结算的日期 | 日期 | 近12月 | medical_settlement
    medical_settlements_12m INTEGER,            -- 结算次数（全额退费的不计） | 次 | 近12月 | medical_settlement
    medical_enrolled BOOLEAN,                   -- 基本医保正常参保，缴费年度不早于本年 | 是/否 | 本年 | medical_enrolment

    -- Disability: the certificate that counts (正常, not past 有效期至); FALSE where the person has none.
    certificate_on_record BOOLEAN,              -- 有残疾人证记录（不论是否有效） | 是/否 | 本月 | disabled_persons
    has_valid_certificate BOOLEAN,              -- 残疾人证有效 | 是/否 | 截止日 | disabled_persons
    certificate_state VARCHAR,                  -- 残疾人证状态 | 代码 certificate_state | 本月 | disabled_persons
    certificate_valid_to DATE,                  -- 残疾人证有效期至；空为长期 | 日期 | 本月 | disabled_persons
    certificate_issued_on DATE,                 -- 残疾人证发证日期 | 日期 | 本月 | disabled_persons
    disability_grade INTEGER,                   -- 有效残疾人证的等级，1最重 | 级 | 截止日 | disabled_persons
    disability_category VARCHAR[],              -- 有效残疾人证的类别；只写多重的为[多重] | 代码 disability_category | 截止日 | disabled_persons
    severe BOOLEAN,                             -- 重度残疾：一、二级 | 是/否 | 截止日 | disabled_persons
    single_dibao_disability BOOLEAN,            -- 单人保残疾：一、二级，或三级智力、精神 | 是/否 | 截止日 | disabled_persons
    no_labour_disability BOOLEAN,               -- 无劳动能力残疾：智力精神一至三级，肢体一二级，视力一级 | 是/否 | 截止日 | disabled_persons
    parent_unable_disability BOOLEAN,           -- 无力抚养残疾：一、二级，或三、四级智力、精神 | 是/否 | 截止日 | disabled_persons
    certificate_new BOOLEAN,                    -- 上一批没有、本批有的有效残疾人证；没有上一批时为空 | 是/否 | 本批与上一批 | disabled_persons
    previous_disability_grade INTEGER,          -- 上一批有效残疾人证的等级 | 级 | 上一批 | disabled_persons
    disability_worse BOOLEAN,                   -- 等级比上一批重 | 是/否 | 本批与上一批 | disabled_persons

    -- Assistance: on an active row as head or listed member.
    on_dibao BOOLEAN,                           -- 在册低保 | 是/否 | 本月 | assistance_roster
    on_tekun BOOLEAN,                           -- 在册特困 | 是/否 | 本月 | assistance_roster
    on_edge BOOLEAN,                            -- 在册低保边缘 | 是/否 | 本月 | assistance_roster
    on_rigid BOOLEAN,                           -- 在册刚性支出困难 | 是/否 | 本月 | assistance_roster
    on_any_roster BOOLEAN,                      -- 在册任一类救助 | 是/否 | 本月 | assistance_roster
    dibao_tekun_numbers INTEGER,                -- 在册低保、特困的不同救助证号数 | 个 | 本月 | assistance_roster
    dibao_month_amount DECIMAL(18,2),           -- 所在低保证的月保障金额（全户） | 元/月 | 本月 | assistance_roster
    dibao_insured_persons INTEGER,              -- 所在低保证的保障人口数 | 人 | 本月 | assistance_roster
    dibao_from_month DATE,                      -- 所在低保证的救助开始年月 | 月 | 本月 | assistance_roster
    left_dibao_tekun_24m BOOLEAN,               -- 低保或特困在24个月内结束（本月前24至前1个月） | 是/否 | 本月前24至前1个月 | assistance_roster
    left_dibao_tekun_month DATE,                -- 最近一次结束的年月 | 月 | 本月前24至前1个月 | assistance_roster
    edge_rigid_to_month DATE,                   -- 在册低保边缘、刚性支出中最早的结束年月；空为无期限或不在册 | 月 | 本月起 | assistance_roster
    living_subsidy BOOLEAN,                     -- 正在享受困难残疾人生活补贴 | 是/否 | 本月 | disability_subsidy
    nursing_subsidy BOOLEAN,                    -- 正在享受重度残疾人护理补贴 | 是/否 | 本月 | disability_subsidy
    any_disability_subsidy BOOLEAN,             -- 正在享受任一项残疾人补贴 | 是/否 | 本月 | disability_subsidy

    -- Income and work.
    tax_income_12m DECIMAL(18,2),               -- 个税收入额；无记录为0 | 元 | 近12月 | tax_income
    has_tax_row_12m BOOLEAN,                    -- 有个税记录 | 是/否 | 近12月 | tax_income
    tax_months_12m INTEGER,                     -- 有个税记录的月数 | 月 | 近12月 | tax_income
    employee_pension BOOLEAN,                   -- 职工养老在领取待遇 | 是/否 | 本月 | social_insurance
    employee_pension_month DECIMAL(18,2),       -- 职工养老月待遇；不领取为0 | 元/月 | 本月 | social_insurance
    resident_pension BOOLEAN,                   -- 居民养老在领取待遇 | 是/否 | 本月 | social_insurance
    resident_pension_month DECIMAL(18,2),       -- 居民养老月待遇；不领取为0 | 元/月 | 本月 | social_insurance
    income DECIMAL(18,2),                       -- 收入（低保口径，不含居民养老）；不能确定为空 | 元 | 近12月 | tax_income, social_insurance, school_enrolment, disabled_persons
    income_known DECIMAL(18,2),                 -- 已知收入（低保口径，下限） | 元 | 近12月 | tax_income, social_insurance
    income_with_resident_pension DECIMAL(18,2), -- 收入（防返贫口径，含居民养老）；不能确定为空 | 元 | 近12月 | tax_income, social_insurance, school_enrolment, disabled_persons
    income_with_resident_pension_known DECIMAL(18,2), -- 已知收入（防返贫口径，下限） | 元 | 近12月 | tax_income, social_insurance
    employee_insurance_paying BOOLEAN,          -- 职工养老在缴费 | 是/否 | 本月 | social_insurance
    any_insurance_paying BOOLEAN,               -- 任一险种在缴费 | 是/否 | 本月 | social_insurance
    employee_insurance_base DECIMAL(18,2),      -- 职工养老在缴费的缴费基数；不在缴费为0 | 元/月 | 本月 | social_insurance
    employee_insurance_lapsed BOOLEAN,          -- 职工养老暂停或终止，最近缴费年月在3个月以前 | 是/否 | 本月前3个月 | social_insurance
    employee_last_paid_month DATE,              -- 职工养老最近缴费年月 | 月 | 本月 | social_insurance
    unemployed_on DATE,                         -- 最近的失业登记日期 | 日期 | 本月 | social_insurance
    unemployed_12m BOOLEAN,                     -- 失业登记日期在近12月内 | 是/否 | 近12月 | social_insurance
    lost_work BOOLEAN,                          -- 16至59岁，且近12月登记失业或职工养老断缴3个月以上 | 是/否 | 近12月 | social_insurance

    -- School.
    in_school BOOLEAN,                          -- 在读 | 是/否 | 本月 | school_enrolment
    school_stage VARCHAR,                       -- 在读的最高学段 | 代码 school_stage | 本月 | school_enrolment
    beyond_compulsory BOOLEAN,                  -- 在读高中、中职、大专、本科 | 是/否 | 本月 | school_enrolment
    graduated BOOLEAN,                          -- 有毕业记录且不再在读 | 是/否 | 本月 | school_enrolment

    -- Custody.
    in_custody BOOLEAN,                         -- 正在服刑或强制隔离戒毒 | 是/否 | 截止日 | custody
    custody_type VARCHAR,                       -- 服刑、强制隔离戒毒 | 代码 custody_type | 截止日 | custody
    custody_from DATE,                          -- 开始日期 | 日期 | 截止日 | custody
    custody_6m BOOLEAN,                         -- 在押，且起止满6个月（无结束日期的算到截止日） | 是/否 | 截止日 | custody

    -- Family. S: parent_unable_disability, or custody_6m, of a living parent; D: dead. NULL where the parent is not known.
    father_id VARCHAR,                          -- 父亲 | 人员编号 | 本批及以前 | police_household, marriage
    mother_id VARCHAR,                          -- 母亲 | 人员编号 | 本批及以前 | police_household, marriage
    father_unable BOOLEAN,                      -- 父亲重残或在押6个月以上（S） | 是/否 | 截止日 | police_household, marriage, disabled_persons, custody
    mother_unable BOOLEAN,                      -- 母亲重残或在押6个月以上（S） | 是/否 | 截止日 | police_household, marriage, disabled_persons, custody
    father_dead BOOLEAN,                        -- 父亲死亡（D） | 是/否 | 截至本批 | police_household, marriage, police_death
    mother_dead BOOLEAN,                        -- 母亲死亡（D） | 是/否 | 截至本批 | police_household, marriage, police_death
    with_a_parent BOOLEAN,                      -- 与已知的父亲或母亲在同一救助家庭 | 是/否 | 截止日 | police_household, marriage, custody
    living_child_known BOOLEAN,                 -- 已知有健在子女 | 是/否 | 截至本批 | police_household, marriage, police_death
    spouse_id VARCHAR,                          -- 配偶 | 人员编号 | 截至本批 | marriage, police_household
    marriage_change VARCHAR,                    -- 最近的婚姻登记：结婚、离婚（补领不算） | 代码 marriage_type | 截止日 | marriage
    marriage_change_on DATE,                    -- 最近的婚姻登记日期 | 日期 | 截止日 | marriage
    partner_on_same_dibao BOOLEAN,              -- 最近婚姻登记的另一方与本人在同一低保证上；本人不在册低保为空 | 是/否 | 本月 | marriage, assistance_roster

    -- Poverty monitoring, grid reports.
    in_poverty_monitoring BOOLEAN,              -- 在脱贫户、监测对象名单中 | 是/否 | 本月 | poverty_monitoring
    monitoring_risk_open BOOLEAN,               -- 在名单中且风险未消除 | 是/否 | 本月 | poverty_monitoring
    monitored_class VARCHAR,                    -- 监测对象类别（风险未消除的优先） | 代码 monitored_class | 本月 | poverty_monitoring
    labour_ability VARCHAR,                     -- 名单所写劳动能力 | 文字 | 本月 | poverty_monitoring
    grid_report BOOLEAN,                        -- 本月有网格或热线线索 | 是/否 | 本月 | grid_reports
    grid_report_urgent BOOLEAN,                 -- 其中困难类型为急难 | 是/否 | 本月 | grid_reports
    grid_report_on DATE,                        -- 本月最近一次上报日期 | 日期 | 本月 | grid_reports
    grid_report_difficulty VARCHAR,             -- 困难类型（急难优先，其次最近） | 文字 | 本月 | grid_reports

    -- Care and aid.
    severe_mental BOOLEAN,                      -- 登记为严重精神障碍 | 是/否 | 本月 | serious_illness
    lives_alone BOOLEAN,                        -- 高龄与养老登记为独居 | 是/否 | 本月 | elder_services
    elder_ability VARCHAR,                      -- 最近评估的失能等级 | 代码 elder_ability | 本月 | elder_services
    elder_disabled BOOLEAN,                     -- 失能等级为中度、重度或完全 | 是/否 | 本月 | elder_services
    medical_yearly_in_policy DECIMAL(18,2) DEFAULT 0,  -- 医保年度累计的政策范围内个人负担；与结算不相加 | 元 | 本年 | medical_yearly
    temporary_aid BOOLEAN,                      -- 有临时救助记录 | 是/否 | 本月 | temporary_aid
    temporary_aid_on DATE,                      -- 最近一次临时救助的日期 | 日期 | 截止日 | temporary_aid
    aid_repeated_on DATE,                       -- 同一事由、不同发放单位的两次临时救助中较早一次的日期（最近的） | 日期 | 截止日 | temporary_aid
    aid_repeated_cause VARCHAR,                 -- 其事由 | 文字 | 截止日 | temporary_aid
    union_hardship BOOLEAN,                     -- 在困难职工名单，没有脱困 | 是/否 | 截止日 | union_hardship
    cremated_died_on DATE,                      -- 殡葬记录的死亡日期（证号有效的；没写的为火化日期） | 日期 | 截止日 | funeral
    cremated_before_month BOOLEAN,              -- 殡葬记录（证号有效）的死亡在本月之前的月份 | 是/否 | 本月之前 | funeral
    dangerous_house BOOLEAN,                    -- 住房鉴定为C级或D级危房，没有竣工 | 是/否 | 本月 | public_housing
    house_danger_grade VARCHAR,                 -- 其等级（最危险的） | 代码 building_grade | 本月 | public_housing
    student_in_hardship BOOLEAN,                -- 本学期认定为家庭经济困难学生 | 是/否 | 本学期 | school_aid

    -- Work and benefits.
    unemployment_months_left INTEGER,           -- 剩余失业保险金月数；没写的为空 | 月 | 本月 | employment
    public_post BOOLEAN,                        -- 就业形式为公益性岗位 | 是/否 | 本月 | employment
    injury_nursing BOOLEAN,                     -- 正在领取工伤护理费 | 是/否 | 本月 | pensions
    public_salary_3m BOOLEAN,                   -- 一卡通有财政供养类（salary）项目 | 是/否 | 近3月 | benefit_card
    public_salary_item VARCHAR,                 -- 该项目 | 代码 benefit_item | 近3月 | benefit_card

    -- Rows whose owner a clerk has still to decide.
    asked_sources VARCHAR[],                    -- 有记录可能是本人的、归属待人工判断的数据源 | 代码 | 本月 | -

    -- Authorised use only: NULL without an authorisation on record that holds on as_of.
    authorised BOOLEAN,                         -- 有核对授权（在册救助家庭成员，或授权登记在有效期内） | 是/否 | 截止日 | assistance_roster
    vehicles INTEGER DEFAULT 0,                 -- 名下正常状态机动车（不含摩托车、残疾人专用车） | 辆 | 本月 | vehicles
    businesses INTEGER DEFAULT 0,               -- 任法定代表人、经营者的存续在业主体（不含农民专业合作社） | 个 | 本月 | business_registration
    business_capital DECIMAL(18,2) DEFAULT 0,   -- 这些主体的注册资本合计 | 元 | 本月 | business_registration
    housing_fund_base DECIMAL(18,2) DEFAULT 0,  -- 汇缴状态正常的公积金缴存基数合计；没有为0 | 元/月 | 本月 | housing_fund
    dwellings INTEGER DEFAULT 0,                -- 名下现势住宅（每证一次） | 套 | 本月 | real_estate
    finance_over_on DATE                        -- 核对结果超限的快照日期（每类机构以最近一次为准） | 日期 | 截止日 | finance_check
);

CREATE TABLE household_fact (   -- every assistance household with at least one member; kind assistance of households.sql
    household_id VARCHAR,                       -- 救助家庭编号 | - | - | -
    household_head_id VARCHAR,                  -- 户主 | 人员编号 | 本月 | police_household
    household_town VARCHAR,                     -- 居住镇街 | 文字 | 本月 | police_household
    household_population VARCHAR,               -- 户籍镇街类别（户主的）：urban 街道，rural 镇 | urban/rural | 本月 | police_household
    household_collective BOOLEAN,               -- 集体户中单列的人 | 是/否 | 本月 | police_household
    household_size INTEGER,                     -- 家庭人口；走访发现的人口与数据不同、待核实的为空 | 人 | 截止日 | police_household, marriage, police_death, custody

    -- Who is in it.
    member_registered INTEGER,                  -- 在本区户籍的成员 | 人 | 本月 | police_household
    member_children INTEGER,                    -- 不满18岁的成员 | 人 | 截止日 | police_household
    member_elders INTEGER,                      -- 60岁及以上的成员 | 人 | 截止日 | police_household
    member_16_59 INTEGER,                       -- 16至59岁的成员 | 人 | 截止日 | police_household
    member_valid_certificates INTEGER,          -- 持有效残疾人证的成员 | 人 | 截止日 | disabled_persons
    member_severe INTEGER,                      -- 重度残疾的成员 | 人 | 截止日 | disabled_persons
    member_severe_adults INTEGER,               -- 18岁及以上重度残疾的成员 | 人 | 截止日 | disabled_persons
    member_disabled_children INTEGER,           -- 不满18岁持有效残疾人证的成员 | 人 | 截止日 | disabled_persons
    household_elders_care_for_disabled BOOLEAN, -- 有成年重残成员，且其余成员（至少一人）都在60岁及以上 | 是/否 | 截止日 | police_household, disabled_persons
    household_vulnerable_member BOOLEAN,        -- 有不满18岁、60岁及以上或持有效残疾人证的成员 | 是/否 | 截止日 | police_household, disabled_persons
    member_in_school INTEGER,                   -- 在读的成员 | 人 | 本月 | school_enrolment
    member_beyond_compulsory INTEGER,           -- 在读高中、中职、大专、本科的成员 | 人 | 本月 | school_enrolment
    member_able_to_work INTEGER,                -- 16至59岁、不在读、非无劳动能力残疾、名单未写丧失或无劳动能力的成员 | 人 | 截止日 | police_household, school_enrolment, disabled_persons, poverty_monitoring

    -- Cover: any member on an active row of that class.
    household_on_dibao BOOLEAN,                 -- 有成员在册低保 | 是/否 | 本月 | assistance_roster
    household_on_tekun BOOLEAN,                 -- 有成员在册特困 | 是/否 | 本月 | assistance_roster
    household_on_edge BOOLEAN,                  -- 有成员在册低保边缘 | 是/否 | 本月 | assistance_roster
    household_on_rigid BOOLEAN,                 -- 有成员在册刚性支出困难 | 是/否 | 本月 | assistance_roster
    household_uncovered BOOLEAN DEFAULT true,   -- 未享受低保、特困 | 是/否 | 本月 | assistance_roster
    household_wholly_uncovered BOOLEAN DEFAULT true, -- 未享受低保、特困、低保边缘、刚性支出困难 | 是/否 | 本月 | assistance_roster
    member_on_dibao INTEGER,                    -- 在册低保的成员 | 人 | 本月 | assistance_roster
    household_dibao_month_amount DECIMAL(18,2), -- 在册低保的月保障金额合计（每证一次） | 元/月 | 本月 | assistance_roster
    household_left_dibao_tekun_24m BOOLEAN,     -- 有成员的低保或特困在24个月内结束 | 是/否 | 本月前24至前1个月 | assistance_roster
    household_left_dibao_tekun_month DATE,      -- 最近一次结束的年月 | 月 | 本月前24至前1个月 | assistance_roster
    household_edge_rigid_to_month DATE,         -- 成员在册低保边缘、刚性支出中最早的结束年月 | 月 | 本月起 | assistance_roster

    -- Money.
    member_medical_burden_12m DECIMAL(18,2),        -- 全体成员政策范围内个人负担 | 元 | 近12月 | medical_settlement
    member_medical_total_burden_12m DECIMAL(18,2),  -- 全体成员全部个人负担 | 元 | 近12月 | medical_settlement
    member_medical_burden_before_12m DECIMAL(18,2), -- 全体成员政策范围内个人负担（不含当月） | 元 | 前12月 | medical_settlement
    household_income DECIMAL(18,2),             -- 家庭收入（低保口径，不含居民养老）；有成员不能确定为空 | 元 | 近12月 | tax_income, social_insurance, school_enrolment, disabled_persons
    household_income_known DECIMAL(18,2),       -- 已知家庭收入（低保口径，下限） | 元 | 近12月 | tax_income, social_insurance
    household_income_with_resident_pension DECIMAL(18,2), -- 家庭收入（防返贫口径，含居民养老）；有成员不能确定为空 | 元 | 近12月 | tax_income, social_insurance, school_enrolment, disabled_persons
    household_income_with_resident_pension_known DECIMAL(18,2), -- 已知家庭收入（防返贫口径，下限） | 元 | 近12月 | tax_income, social_insurance
    member_income_unknown INTEGER,              -- 收入不能确定的成员 | 人 | 近12月 | tax_income, social_insurance, school_enrolment, disabled_persons
    member_employee_pension_month DECIMAL(18,2),   -- 全体成员职工养老月待遇 | 元/月 | 本月 | social_insurance
    member_employee_insurance_base DECIMAL(18,2),  -- 全体成员职工养老缴费基数（在缴费的） | 元/月 | 本月 | social_insurance

    -- Events.
    household_earner_died_6m BOOLEAN,           -- 户籍家庭有人近6月死亡，死时16至59岁 | 是/否 | 近6月 | police_death, police_household, marriage
    household_earner_death_date DATE,           -- 其死亡日期（最近的） | 日期 | 近6月 | police_death
    household_earner_in_custody BOOLEAN,        -- 有16至59岁的人因在押离开家庭 | 是/否 | 截止日 | custody
    household_earner_custody_from DATE,         -- 其在押开始日期（最近的） | 日期 | 截止日 | custody
    household_lost_work BOOLEAN,                -- 有成员16至59岁，近12月登记失业或职工养老断缴3个月以上 | 是/否 | 近12月 | social_insurance
    household_any_insurance_paying BOOLEAN,     -- 有成员任一险种在缴费 | 是/否 | 本月 | social_insurance
    household_employee_insurance_paying BOOLEAN, -- 有成员职工养老在缴费 | 是/否 | 本月 | social_insurance

    -- Poverty monitoring: listed if any member is.
    household_in_poverty_monitoring BOOLEAN,    -- 有成员在脱贫户、监测对象名单中 | 是/否 | 本月 | poverty_monitoring
    household_poverty_type VARCHAR,             -- 户类型（脱贫户优先） | 代码 poverty_household_type | 本月 | poverty_monitoring
    household_monitored_class VARCHAR,          -- 监测对象类别（风险未消除的优先） | 代码 monitored_class | 本月 | poverty_monitoring
    household_monitoring_risk_open BOOLEAN,     -- 在名单中且风险未消除 | 是/否 | 本月 | poverty_monitoring
    household_monitored_risk_open BOOLEAN,      -- 有监测对象类别且其风险未消除 | 是/否 | 本月 | poverty_monitoring
    household_income_per_head DECIMAL(18,2),    -- 名单所写人均纯收入（最低的） | 元/人/年 | 本月 | poverty_monitoring

    -- Second group: houses, work, aid.
    household_dangerous_house BOOLEAN,          -- 有成员的住房为C级或D级危房，没有竣工 | 是/否 | 本月 | public_housing
    household_house_danger_grade VARCHAR,       -- 其等级（最危险的） | 代码 building_grade | 本月 | public_housing
    household_disaster_on DATE,                 -- 最近一次倒塌、严重倒损或重度损失的日期 | 日期 | 截止日 | disasters
    household_disaster_kind VARCHAR,            -- 其灾种 | 文字 | 截止日 | disasters
    household_aided_since_disaster BOOLEAN,     -- 该日期起有成员得到临时救助；没有这样的灾损为空 | 是/否 | 截止日 | temporary_aid, disasters
    household_benefit_months_left INTEGER,      -- 成员剩余失业保险金月数（最少的） | 月 | 本月 | employment
    household_other_insurance_paying BOOLEAN,   -- 失业金将领完的成员以外，有成员任一险种在缴费 | 是/否 | 本月 | social_insurance, employment
    household_public_salary BOOLEAN,            -- 有成员一卡通有财政供养类项目 | 是/否 | 近3月 | benefit_card
    household_public_salary_no_post BOOLEAN,    -- 其中有成员不是公益性岗位 | 是/否 | 近3月 | benefit_card, employment
    household_public_salary_item VARCHAR,       -- 该项目 | 代码 benefit_item | 近3月 | benefit_card

    -- Authorised use only; NULL where a member's is NULL and no other member's decides it.
    member_vehicles INTEGER,                    -- 成员名下正常状态机动车（不含摩托车、残疾人专用车） | 辆 | 本月 | vehicles
    household_owns_vehicle BOOLEAN,             -- 有成员名下有这样的机动车 | 是/否 | 本月 | vehicles
    member_businesses INTEGER,                  -- 成员任法定代表人、经营者的存续在业主体（不含农民专业合作社） | 个 | 本月 | business_registration
    household_owns_business BOOLEAN,            -- 有成员任这样主体的法定代表人、经营者 | 是/否 | 本月 | business_registration
    member_housing_fund_base DECIMAL(18,2),     -- 成员汇缴正常的公积金缴存基数合计（下限） | 元/月 | 本月 | housing_fund
    household_dwellings INTEGER,                -- 成员名下现势住宅（每证一次，下限） | 套 | 本月 | real_estate
    household_two_dwellings_held BOOLEAN,       -- 其中至少2套为单独、共同所有，或份额合计不少于一半；份额不明为空 | 是/否 | 本月 | real_estate
    household_finance_over_on DATE,             -- 成员核对结果超限的快照日期（最近的） | 日期 | 截止日 | finance_check

    household_asked_sources VARCHAR[]           -- 有记录可能是成员的、归属待人工判断的数据源 | 代码 | 本月 | -
);

CREATE TABLE possible_records ( -- rows that may be somebody's, undecided: those of match_review, and those that found nobody but fit
    person_id VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER
);

CREATE TABLE fact_records (     -- the rows that made a person's facts: within their window, active, or the certificate that counts
    person_id VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER
);
