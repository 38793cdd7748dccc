CREATE TABLE finding (
    finding_id VARCHAR,
    batch VARCHAR,
    rule_id VARCHAR,
    rule_version VARCHAR,
    direction VARCHAR,
    outcome VARCHAR,
    level VARCHAR,
    person_id VARCHAR,
    household_id VARCHAR,
    inputs VARCHAR,
    missing VARCHAR[],
    reason VARCHAR
);
COMMENT ON TABLE finding IS '规则命中：一条规则对一个对象为真或未知';
COMMENT ON COLUMN finding.finding_id IS '命中编号';
COMMENT ON COLUMN finding.batch IS '批次';
COMMENT ON COLUMN finding.rule_id IS '规则';
COMMENT ON COLUMN finding.rule_version IS '规则版本';
COMMENT ON COLUMN finding.direction IS '方向：under 应保未保，over 应退未退';
COMMENT ON COLUMN finding.outcome IS '结论：true 为真，unknown 缺数据、未知';
COMMENT ON COLUMN finding.level IS '级别：red 红，orange 橙，yellow 黄';
COMMENT ON COLUMN finding.person_id IS '人员编号；对户的命中为空';
COMMENT ON COLUMN finding.household_id IS '共同生活家庭编号；已不在任何家庭者为其离开的家庭';
COMMENT ON COLUMN finding.inputs IS '依据（JSON）：事实、参数、来源行';
COMMENT ON COLUMN finding.missing IS '缺少的事实';
COMMENT ON COLUMN finding.reason IS '一句话原因';

CREATE TABLE lead (
    lead_id VARCHAR,
    batch VARCHAR,
    household_id VARCHAR,
    direction VARCHAR,
    level VARCHAR,
    rule_ids VARCHAR[],
    suggested_programmes VARCHAR[],
    due_date DATE,
    town VARCHAR,
    village VARCHAR,
    grid VARCHAR,
    status VARCHAR,
    times_raised INTEGER,
    last_outcome VARCHAR,
    held_back VARCHAR,
    first_batch VARCHAR
);
COMMENT ON TABLE lead IS '线索：每户每方向一条，是需核实的疑似，不是认定';
COMMENT ON COLUMN lead.lead_id IS '线索编号';
COMMENT ON COLUMN lead.batch IS '批次';
COMMENT ON COLUMN lead.household_id IS '家庭编号';
COMMENT ON COLUMN lead.direction IS '方向';
COMMENT ON COLUMN lead.level IS '级别';
COMMENT ON COLUMN lead.rule_ids IS '触发的规则';
COMMENT ON COLUMN lead.suggested_programmes IS '可能适用的政策';
COMMENT ON COLUMN lead.due_date IS '建议时限';
COMMENT ON COLUMN lead.town IS '镇街';
COMMENT ON COLUMN lead.village IS '村居';
COMMENT ON COLUMN lead.grid IS '网格';
COMMENT ON COLUMN lead.status IS '状态';
COMMENT ON COLUMN lead.times_raised IS '提出次数';
COMMENT ON COLUMN lead.last_outcome IS '上次核查结果码';
COMMENT ON COLUMN lead.held_back IS '本月未派发的原因：cool_down 冷却期，limit 镇街限额';
COMMENT ON COLUMN lead.first_batch IS '首次提出的批次';

CREATE TABLE followup (
    lead_id VARCHAR,
    outcome_code VARCHAR,
    visited_on DATE,
    visitors VARCHAR,
    note VARCHAR,
    referred_to VARCHAR,
    received_in VARCHAR,
    method VARCHAR,
    reason_not_included VARCHAR,
    household_size INTEGER,
    difficulties VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    received_at TIMESTAMPTZ,
    superseded BOOLEAN
);
COMMENT ON TABLE followup IS '核查反馈：每条收回的结果一行';
COMMENT ON COLUMN followup.lead_id IS '线索编号';
COMMENT ON COLUMN followup.outcome_code IS '核查结果码';
COMMENT ON COLUMN followup.visited_on IS '核查日期';
COMMENT ON COLUMN followup.visitors IS '核查人';
COMMENT ON COLUMN followup.note IS '备注';
COMMENT ON COLUMN followup.referred_to IS '转办部门';
COMMENT ON COLUMN followup.received_in IS '收回的批次';
COMMENT ON COLUMN followup.method IS '核查方式';
COMMENT ON COLUMN followup.reason_not_included IS '不纳入原因';
COMMENT ON COLUMN followup.household_size IS '实际共同生活人口';
COMMENT ON COLUMN followup.difficulties IS '主要困难';
COMMENT ON COLUMN followup.file IS '回收的文件';
COMMENT ON COLUMN followup.row_no IS '行号';
COMMENT ON COLUMN followup.received_at IS '收回时间';
COMMENT ON COLUMN followup.superseded IS '后来又有新结果，本条留作记录';
