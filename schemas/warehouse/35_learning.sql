CREATE TABLE rule_performance (
    rule_id VARCHAR,
    leads BIGINT,
    answered BIGINT,
    hits BIGINT,
    hit_rate DOUBLE,
    data_errors BIGINT,
    household_errors BIGINT,
    not_reached BIGINT,
    median_days DOUBLE,
    only_data_errors BOOLEAN
);
COMMENT ON TABLE rule_performance IS '规则效果：截至本批次收回的答复，每条规则一行';
COMMENT ON COLUMN rule_performance.rule_id IS '规则编号';
COMMENT ON COLUMN rule_performance.leads IS '提出过的线索（一户一次算一条）';
COMMENT ON COLUMN rule_performance.answered IS '已答复';
COMMENT ON COLUMN rule_performance.hits IS '命中：答复为 A、B、C、D';
COMMENT ON COLUMN rule_performance.hit_rate IS '命中率 = 命中 ÷ 已答复';
COMMENT ON COLUMN rule_performance.data_errors IS '答复 E6 数据错误';
COMMENT ON COLUMN rule_performance.household_errors IS '答复 E5 家庭关系与数据不符';
COMMENT ON COLUMN rule_performance.not_reached IS '答复 F1、F2、F3：未能办理';
COMMENT ON COLUMN rule_performance.median_days IS '从派发到核查的天数（中位数）';
COMMENT ON COLUMN rule_performance.only_data_errors IS '全部答复都是数据错误，规则或数据需要检查';

CREATE TABLE town_performance (
    town VARCHAR,
    leads BIGINT,
    answered BIGINT,
    hits BIGINT,
    hit_rate DOUBLE,
    overdue BIGINT,
    median_days DOUBLE
);
COMMENT ON TABLE town_performance IS '镇街办理情况：截至本批次收回的答复，每个镇街一行';
COMMENT ON COLUMN town_performance.town IS '镇街';
COMMENT ON COLUMN town_performance.leads IS '提出过的线索';
COMMENT ON COLUMN town_performance.answered IS '已答复';
COMMENT ON COLUMN town_performance.hits IS '命中：答复为 A、B、C、D';
COMMENT ON COLUMN town_performance.hit_rate IS '命中率 = 命中 ÷ 已答复';
COMMENT ON COLUMN town_performance.overdue IS '本批次超期未答复';
COMMENT ON COLUMN town_performance.median_days IS '从派发到核查的天数（中位数）';

CREATE TABLE source_performance (
    source VARCHAR,
    answered BIGINT,
    hits BIGINT,
    hit_rate DOUBLE,
    data_errors BIGINT,
    household_errors BIGINT
);
COMMENT ON TABLE source_performance IS '数据源效果：截至本批次收回的答复，每个数据源一行';
COMMENT ON COLUMN source_performance.source IS '数据源';
COMMENT ON COLUMN source_performance.answered IS '已答复的线索中用到该数据源的';
COMMENT ON COLUMN source_performance.hits IS '命中：答复为 A、B、C、D';
COMMENT ON COLUMN source_performance.hit_rate IS '命中率 = 命中 ÷ 已答复';
COMMENT ON COLUMN source_performance.data_errors IS '答复 E6 数据错误';
COMMENT ON COLUMN source_performance.household_errors IS '答复 E5 家庭关系与数据不符';
