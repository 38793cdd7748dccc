CREATE TABLE income_statement (
    batch VARCHAR,
    household_id VARCHAR,
    person_id VARCHAR,
    class TINYINT,
    low DECIMAL(18,2),
    high DECIMAL(18,2),
    basis VARCHAR,
    counted BOOLEAN,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    as_of DATE
);
COMMENT ON TABLE income_statement IS '收入明细：每个成员每类收入的区间，近12个月；十四类见 schemas/income/classes.yaml';
COMMENT ON COLUMN income_statement.batch IS '批次（年-月）';
COMMENT ON COLUMN income_statement.household_id IS '救助家庭编号';
COMMENT ON COLUMN income_statement.person_id IS '成员；属于全家的（种地、分红）记在户主名下';
COMMENT ON COLUMN income_statement.class IS '收入类别：1 工资，2 务工，3 经营，4 种植，5 养殖渔业，6 租金流转，7 利息红利，8 职工养老，9 居民养老，10 失业工伤生育遗属，11 赡养费，12 抚养费，13 一次性，14 其他转移';
COMMENT ON COLUMN income_statement.low IS '下限（元）';
COMMENT ON COLUMN income_statement.high IS '上限（元）；空为没有上限';
COMMENT ON COLUMN income_statement.basis IS '依据：rows 部门记录，unknown 有迹象但金额不明，not_delivered 数据没有送来，statement 走访或核对时所说';
COMMENT ON COLUMN income_statement.counted IS '是否计入家庭收入：救助金、不计入的项目、被核实结果代替的为假';
COMMENT ON COLUMN income_statement.source IS '数据源；空为没有对应的记录';
COMMENT ON COLUMN income_statement.file IS '文件';
COMMENT ON COLUMN income_statement.row_no IS '行号（多行时取最近的一行）';
COMMENT ON COLUMN income_statement.as_of IS '数据截至；核实的为核实日期';

CREATE TABLE household_income (
    batch VARCHAR,
    household_id VARCHAR,
    low DECIMAL(18,2),
    high DECIMAL(18,2),
    deduction_low DECIMAL(18,2),
    deduction_high DECIMAL(18,2),
    per_head_low DECIMAL(18,2),
    per_head_high DECIMAL(18,2),
    open VARCHAR,
    open_classes INTEGER,
    undelivered BOOLEAN,
    not_deducted VARCHAR[],
    question_person_id VARCHAR,
    question_class TINYINT,
    question_true_below DECIMAL(18,2),
    question_false_from DECIMAL(18,2),
    next_question VARCHAR
);
COMMENT ON TABLE household_income IS '家庭收入：十四类合计的区间、可扣减的刚性支出，和最该问的一个问题';
COMMENT ON COLUMN household_income.batch IS '批次（年-月）';
COMMENT ON COLUMN household_income.household_id IS '救助家庭编号';
COMMENT ON COLUMN household_income.low IS '家庭收入下限（元，近12个月）';
COMMENT ON COLUMN household_income.high IS '家庭收入上限；空为没有上限';
COMMENT ON COLUMN household_income.deduction_low IS '可扣减支出下限';
COMMENT ON COLUMN household_income.deduction_high IS '可扣减支出上限；空为没有上限';
COMMENT ON COLUMN household_income.per_head_low IS '月人均下限';
COMMENT ON COLUMN household_income.per_head_high IS '月人均上限';
COMMENT ON COLUMN household_income.open IS '没有查清的类别（JSON）';
COMMENT ON COLUMN household_income.open_classes IS '没有查清的类别数';
COMMENT ON COLUMN household_income.undelivered IS '有类别因数据没有送来而不能确定';
COMMENT ON COLUMN household_income.not_deducted IS '没有扣减的支出及原因';
COMMENT ON COLUMN household_income.question_person_id IS '最该问谁';
COMMENT ON COLUMN household_income.question_class IS '最该问哪一类收入';
COMMENT ON COLUMN household_income.question_true_below IS '低于这个金额，家庭收入低于线';
COMMENT ON COLUMN household_income.question_false_from IS '达到这个金额，家庭收入不低于线';
COMMENT ON COLUMN household_income.next_question IS '入户时问的话';

CREATE TABLE income_comparison (
    batch VARCHAR,
    rule_id VARCHAR,
    household_id VARCHAR,
    person_id VARCHAR,
    outcome_today VARCHAR,
    outcome_with_classes VARCHAR
);
COMMENT ON TABLE income_comparison IS '收入口径对照：现行规则若改用十四类收入，结论会不同的家庭';
COMMENT ON COLUMN income_comparison.batch IS '批次（年-月）';
COMMENT ON COLUMN income_comparison.rule_id IS '规则';
COMMENT ON COLUMN income_comparison.household_id IS '救助家庭编号';
COMMENT ON COLUMN income_comparison.person_id IS '人员编号；家庭规则为空';
COMMENT ON COLUMN income_comparison.outcome_today IS '现在的结论：true 成立，unknown 情况不明，none 不成立';
COMMENT ON COLUMN income_comparison.outcome_with_classes IS '改用十四类收入后的结论';
