CREATE TABLE quality_result (
    batch VARCHAR,
    source VARCHAR,
    check_name VARCHAR,
    column_name VARCHAR,
    severity VARCHAR,
    passed BOOLEAN,
    measured DOUBLE,
    expected_min DOUBLE,
    expected_max DOUBLE,
    description VARCHAR
);
COMMENT ON TABLE quality_result IS '数据质量检查结果';
COMMENT ON COLUMN quality_result.batch IS '批次';
COMMENT ON COLUMN quality_result.source IS '数据源';
COMMENT ON COLUMN quality_result.check_name IS '检查项';
COMMENT ON COLUMN quality_result.column_name IS '列';
COMMENT ON COLUMN quality_result.severity IS '严重程度：critical 阻断，warning 提醒';
COMMENT ON COLUMN quality_result.passed IS '是否通过';
COMMENT ON COLUMN quality_result.measured IS '实测值';
COMMENT ON COLUMN quality_result.expected_min IS '下限';
COMMENT ON COLUMN quality_result.expected_max IS '上限';
COMMENT ON COLUMN quality_result.description IS '说明';

CREATE TABLE unmapped_text (
    batch VARCHAR,
    source VARCHAR,
    column_name VARCHAR,
    text VARCHAR,
    rows BIGINT,
    amount DECIMAL(18,2)
);
COMMENT ON TABLE unmapped_text IS '对照表里没有的项目名称（如一卡通补贴项目）：每种写法一行，先补对照表再计算';
COMMENT ON COLUMN unmapped_text.batch IS '批次';
COMMENT ON COLUMN unmapped_text.source IS '数据源';
COMMENT ON COLUMN unmapped_text.column_name IS '列';
COMMENT ON COLUMN unmapped_text.text IS '写法';
COMMENT ON COLUMN unmapped_text.rows IS '行数';
COMMENT ON COLUMN unmapped_text.amount IS '金额合计（元）';

CREATE TABLE source_file (
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    sha256 VARCHAR,
    bytes BIGINT,
    read_at TIMESTAMPTZ,
    encoding VARCHAR,
    format VARCHAR,
    heading_row INTEGER,
    rows_read BIGINT,
    accepted BIGINT,
    rejected BIGINT,
    skipped BIGINT,
    unknown_headings VARCHAR[],
    state VARCHAR
);
COMMENT ON TABLE source_file IS '文件台账：收到的每个文件';
COMMENT ON COLUMN source_file.batch IS '批次';
COMMENT ON COLUMN source_file.source IS '数据源';
COMMENT ON COLUMN source_file.file IS '文件';
COMMENT ON COLUMN source_file.sha256 IS 'SHA-256';
COMMENT ON COLUMN source_file.bytes IS '字节数';
COMMENT ON COLUMN source_file.read_at IS '读取时间';
COMMENT ON COLUMN source_file.encoding IS '编码';
COMMENT ON COLUMN source_file.format IS '格式';
COMMENT ON COLUMN source_file.heading_row IS '表头所在行';
COMMENT ON COLUMN source_file.rows_read IS '读到的行数 = 接收 + 退回 + 跳过';
COMMENT ON COLUMN source_file.accepted IS '接收';
COMMENT ON COLUMN source_file.rejected IS '退回';
COMMENT ON COLUMN source_file.skipped IS '跳过（标题、合计、空行）';
COMMENT ON COLUMN source_file.unknown_headings IS '不认识、未读入的表头';
COMMENT ON COLUMN source_file.state IS '状态：current 现用，replaced 已被更正文件替换';

CREATE TABLE rejected_row (
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    reason_code VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE rejected_row IS '退回的行';
COMMENT ON COLUMN rejected_row.batch IS '批次（年-月）';
COMMENT ON COLUMN rejected_row.source IS '数据源';
COMMENT ON COLUMN rejected_row.file IS '文件（数据源文件夹下的路径）';
COMMENT ON COLUMN rejected_row.row_no IS '文件中的行号，第一行为 1';
COMMENT ON COLUMN rejected_row.reason_code IS '原因码';
COMMENT ON COLUMN rejected_row.reason IS '原因（不含行中内容）';

CREATE TABLE parameter (
    batch VARCHAR,
    key VARCHAR,
    title VARCHAR,
    area VARCHAR,
    population VARCHAR,
    valid_from DATE,
    value VARCHAR,
    unit VARCHAR,
    document VARCHAR,
    status VARCHAR,
    used BOOLEAN
);
COMMENT ON TABLE parameter IS '参数：每个取值一行';
COMMENT ON COLUMN parameter.batch IS '批次';
COMMENT ON COLUMN parameter.key IS '参数';
COMMENT ON COLUMN parameter.title IS '名称';
COMMENT ON COLUMN parameter.area IS '区划（GB/T 2260）';
COMMENT ON COLUMN parameter.population IS '适用人口：urban 城镇，rural 农村，any 不分';
COMMENT ON COLUMN parameter.valid_from IS '起始日期';
COMMENT ON COLUMN parameter.value IS '值';
COMMENT ON COLUMN parameter.unit IS '单位';
COMMENT ON COLUMN parameter.document IS '文件';
COMMENT ON COLUMN parameter.status IS 'confirmed 已确认，to_confirm 待确认';
COMMENT ON COLUMN parameter.used IS '本批次所用';

CREATE TABLE rule (
    batch VARCHAR,
    rule_id VARCHAR,
    rule_version VARCHAR,
    title VARCHAR,
    direction VARCHAR,
    level VARCHAR,
    subject VARCHAR,
    law VARCHAR[],
    valid_from DATE,
    valid_to DATE,
    condition VARCHAR,
    question VARCHAR,
    programmes VARCHAR[],
    due VARCHAR,
    ran BOOLEAN,
    not_run_reason VARCHAR
);
COMMENT ON TABLE rule IS '规则：每批次每条规则一行，未运行的说明原因';
COMMENT ON COLUMN rule.batch IS '批次';
COMMENT ON COLUMN rule.rule_id IS '规则';
COMMENT ON COLUMN rule.rule_version IS '版本';
COMMENT ON COLUMN rule.title IS '名称';
COMMENT ON COLUMN rule.direction IS '方向';
COMMENT ON COLUMN rule.level IS '级别';
COMMENT ON COLUMN rule.subject IS '对象：person 个人，household 家庭';
COMMENT ON COLUMN rule.law IS '依据';
COMMENT ON COLUMN rule.valid_from IS '有效期起';
COMMENT ON COLUMN rule.valid_to IS '有效期止';
COMMENT ON COLUMN rule.condition IS '条件';
COMMENT ON COLUMN rule.question IS '需核实问题';
COMMENT ON COLUMN rule.programmes IS '可能适用的政策';
COMMENT ON COLUMN rule.due IS '时限';
COMMENT ON COLUMN rule.ran IS '本批次是否运行';
COMMENT ON COLUMN rule.not_run_reason IS '未运行的原因';

CREATE TABLE source (
    batch VARCHAR,
    source VARCHAR,
    title VARCHAR,
    department VARCHAR,
    required BOOLEAN,
    use VARCHAR,
    arrived BOOLEAN,
    files INTEGER,
    accepted BIGINT,
    rejected BIGINT,
    last_arrived_batch VARCHAR
);
COMMENT ON TABLE source IS '数据源：合同摘要与本批次是否到达';
COMMENT ON COLUMN source.batch IS '批次';
COMMENT ON COLUMN source.source IS '数据源';
COMMENT ON COLUMN source.title IS '名称';
COMMENT ON COLUMN source.department IS '部门';
COMMENT ON COLUMN source.required IS '必需';
COMMENT ON COLUMN source.use IS '用途：screening 可普遍筛查，authorised 须有核对授权';
COMMENT ON COLUMN source.arrived IS '本批次是否收到';
COMMENT ON COLUMN source.files IS '文件数';
COMMENT ON COLUMN source.accepted IS '接收行数';
COMMENT ON COLUMN source.rejected IS '退回行数';
COMMENT ON COLUMN source.last_arrived_batch IS '最近一次收到的批次';

CREATE TABLE export_log (
    batch VARCHAR,
    file VARCHAR,
    purpose VARCHAR,
    recipient VARCHAR,
    rows BIGINT,
    sha256 VARCHAR,
    written_at TIMESTAMPTZ
);
COMMENT ON TABLE export_log IS '导出登记：每个交出去的文件';
COMMENT ON COLUMN export_log.batch IS '批次';
COMMENT ON COLUMN export_log.file IS '文件';
COMMENT ON COLUMN export_log.purpose IS '用途';
COMMENT ON COLUMN export_log.recipient IS '接收方';
COMMENT ON COLUMN export_log.rows IS '行数';
COMMENT ON COLUMN export_log.sha256 IS 'SHA-256';
COMMENT ON COLUMN export_log.written_at IS '写出时间';

CREATE TABLE batch (
    batch VARCHAR,
    as_of DATE,
    published_at TIMESTAMPTZ,
    rows BIGINT,
    persons BIGINT,
    households BIGINT,
    findings BIGINT,
    leads BIGINT,
    version VARCHAR
);
COMMENT ON TABLE batch IS '批次';
COMMENT ON COLUMN batch.batch IS '批次（年-月）';
COMMENT ON COLUMN batch.as_of IS '数据截至';
COMMENT ON COLUMN batch.published_at IS '发布时间';
COMMENT ON COLUMN batch.rows IS '接收的来源行';
COMMENT ON COLUMN batch.persons IS '人员';
COMMENT ON COLUMN batch.households IS '共同生活家庭';
COMMENT ON COLUMN batch.findings IS '命中';
COMMENT ON COLUMN batch.leads IS '线索';
COMMENT ON COLUMN batch.version IS '程序版本';
