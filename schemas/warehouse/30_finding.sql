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

CREATE TABLE waiting (
    batch VARCHAR,
    source VARCHAR,
    department VARCHAR,
    fact VARCHAR,
    meaning VARCHAR,
    what VARCHAR,
    person_id VARCHAR,
    household_id VARCHAR,
    rule_ids VARCHAR[],
    findings INTEGER
);
COMMENT ON TABLE waiting IS '待补数据：未知的命中在等什么，向哪个数据源要，是谁的';
COMMENT ON COLUMN waiting.batch IS '批次';
COMMENT ON COLUMN waiting.source IS '应由哪个数据源补';
COMMENT ON COLUMN waiting.department IS '部门';
COMMENT ON COLUMN waiting.fact IS '缺少的事实';
COMMENT ON COLUMN waiting.meaning IS '这个事实的含义';
COMMENT ON COLUMN waiting.what IS '要补什么';
COMMENT ON COLUMN waiting.person_id IS '缺谁的；缺的是全户的为空';
COMMENT ON COLUMN waiting.household_id IS '家庭编号';
COMMENT ON COLUMN waiting.rule_ids IS '等它的规则';
COMMENT ON COLUMN waiting.findings IS '等它的命中数';

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
    first_batch VARCHAR,
    generated_on DATE,
    urgent BOOLEAN
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
COMMENT ON COLUMN lead.generated_on IS '清单生成日期，时限从这一天算起';
COMMENT ON COLUMN lead.urgent IS '急难：24小时内办理';

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
    superseded BOOLEAN,
    income_amount DECIMAL(18,2)
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
COMMENT ON COLUMN followup.income_amount IS '对清单上收入问题的答复，近12个月的元数';

CREATE TABLE referral_result (
    lead_id VARCHAR,
    department VARCHAR,
    result_code VARCHAR,
    closed_on DATE,
    handler VARCHAR,
    granted VARCHAR,
    note VARCHAR,
    received_in VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    received_at TIMESTAMPTZ,
    superseded BOOLEAN
);
COMMENT ON TABLE referral_result IS '转办结果：部门交回的每条办理结果一行';
COMMENT ON COLUMN referral_result.lead_id IS '线索编号';
COMMENT ON COLUMN referral_result.department IS '办理部门';
COMMENT ON COLUMN referral_result.result_code IS '办理结果码：R1 已办结并已享受，R2 已办结不符合，R3 正在办理，R4 退回';
COMMENT ON COLUMN referral_result.closed_on IS '办结日期';
COMMENT ON COLUMN referral_result.handler IS '经办人';
COMMENT ON COLUMN referral_result.granted IS '已落实的政策';
COMMENT ON COLUMN referral_result.note IS '办理说明';
COMMENT ON COLUMN referral_result.received_in IS '收回的批次';
COMMENT ON COLUMN referral_result.file IS '回收的文件';
COMMENT ON COLUMN referral_result.row_no IS '行号';
COMMENT ON COLUMN referral_result.received_at IS '收回时间';
COMMENT ON COLUMN referral_result.superseded IS '后来又有新结果，本条留作记录';

CREATE TABLE correction (
    lead_id VARCHAR,
    kind VARCHAR,
    household_id VARCHAR,
    person_id VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    household_size INTEGER,
    rule_ids VARCHAR[],
    answered_on DATE
);
COMMENT ON TABLE correction IS '核查更正：答复 E5、E6 对数据提出的疑问，原记录不改';
COMMENT ON COLUMN correction.lead_id IS '线索编号';
COMMENT ON COLUMN correction.kind IS 'household 家庭关系与数据不符（E5），data 数据错误（E6）';
COMMENT ON COLUMN correction.household_id IS '家庭编号';
COMMENT ON COLUMN correction.person_id IS '人员编号';
COMMENT ON COLUMN correction.source IS '数据源';
COMMENT ON COLUMN correction.file IS '文件';
COMMENT ON COLUMN correction.row_no IS '行号';
COMMENT ON COLUMN correction.household_size IS '实际共同生活人口';
COMMENT ON COLUMN correction.rule_ids IS '答复针对的规则';
COMMENT ON COLUMN correction.answered_on IS '核查日期';
