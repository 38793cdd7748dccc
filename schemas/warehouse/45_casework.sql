CREATE TABLE case_file (
    file_no VARCHAR,
    kind VARCHAR,
    subject_id VARCHAR,
    town VARCHAR,
    village VARCHAR,
    grid VARCHAR,
    opened_on DATE,
    closed_on DATE,
    care_level VARCHAR,
    level_reason VARCHAR,
    level_since DATE,
    categories VARCHAR,
    adviser VARCHAR,
    version BIGINT
);
COMMENT ON TABLE case_file IS '档案：一户一档、一人一档；为发布时办理台的情况';
COMMENT ON COLUMN case_file.file_no IS '档案编号';
COMMENT ON COLUMN case_file.kind IS '户、人';
COMMENT ON COLUMN case_file.subject_id IS '家庭编号或人员编号';
COMMENT ON COLUMN case_file.town IS '镇街';
COMMENT ON COLUMN case_file.village IS '村居';
COMMENT ON COLUMN case_file.grid IS '网格';
COMMENT ON COLUMN case_file.opened_on IS '建档日期';
COMMENT ON COLUMN case_file.closed_on IS '关闭日期';
COMMENT ON COLUMN case_file.care_level IS '关注等级：red 红，orange 橙，yellow 黄，none 无';
COMMENT ON COLUMN case_file.level_reason IS '定级理由';
COMMENT ON COLUMN case_file.level_since IS '自何日起';
COMMENT ON COLUMN case_file.categories IS '类别（JSON 列表，见 schemas/casework/levels.yaml）';
COMMENT ON COLUMN case_file.adviser IS '责任人（账号）';
COMMENT ON COLUMN case_file.version IS '改过几次';

CREATE TABLE case_event (
    number BIGINT,
    file_no VARCHAR,
    happened_at TIMESTAMPTZ,
    on_day DATE,
    actor VARCHAR,
    role VARCHAR,
    kind VARCHAR,
    ref VARCHAR,
    text VARCHAR
);
COMMENT ON TABLE case_event IS '档案经过：只增不改；限定查阅的不在此';
COMMENT ON COLUMN case_event.number IS '序号';
COMMENT ON COLUMN case_event.file_no IS '档案编号';
COMMENT ON COLUMN case_event.happened_at IS '登记时间';
COMMENT ON COLUMN case_event.on_day IS '发生日期';
COMMENT ON COLUMN case_event.actor IS '谁（账号；program 为程序）';
COMMENT ON COLUMN case_event.role IS '角色';
COMMENT ON COLUMN case_event.kind IS '种类：建档、线索、走访、等级、转办、服务、核对、超期';
COMMENT ON COLUMN case_event.ref IS '相关编号';
COMMENT ON COLUMN case_event.text IS '一句话';

CREATE TABLE case_lead (
    lead_id VARCHAR,
    file_no VARCHAR,
    batch VARCHAR,
    direction VARCHAR,
    level VARCHAR,
    due_date DATE,
    urgent BOOLEAN,
    raised_at TIMESTAMPTZ,
    state VARCHAR,
    outcome_code VARCHAR,
    visited_on DATE
);
COMMENT ON TABLE case_lead IS '办理中的线索：每条线索现在办到哪里';
COMMENT ON COLUMN case_lead.lead_id IS '线索编号';
COMMENT ON COLUMN case_lead.file_no IS '档案编号';
COMMENT ON COLUMN case_lead.batch IS '最近一次提出的批次';
COMMENT ON COLUMN case_lead.direction IS '方向：under 应保未保，over 应退未退';
COMMENT ON COLUMN case_lead.level IS '级别';
COMMENT ON COLUMN case_lead.due_date IS '建议时限';
COMMENT ON COLUMN case_lead.urgent IS '急难';
COMMENT ON COLUMN case_lead.raised_at IS '提出时间';
COMMENT ON COLUMN case_lead.state IS '状态：待走访、已答复、已撤回（后来的批次不再提出）';
COMMENT ON COLUMN case_lead.outcome_code IS '核查结果码';
COMMENT ON COLUMN case_lead.visited_on IS '核查日期';

CREATE TABLE visit (
    visit_id VARCHAR,
    file_no VARCHAR,
    visited_on DATE,
    method VARCHAR,
    visitor_1 VARCHAR,
    visitor_2 VARCHAR,
    outcome_code VARCHAR,
    lead_ids VARCHAR,
    lives_with BIGINT,
    difficulties VARCHAR,
    departments VARCHAR,
    note VARCHAR,
    recorded_by VARCHAR,
    recorded_at TIMESTAMPTZ
);
COMMENT ON TABLE visit IS '走访：办理台填写的和收回的清单上的';
COMMENT ON COLUMN visit.visit_id IS '走访编号';
COMMENT ON COLUMN visit.file_no IS '档案编号';
COMMENT ON COLUMN visit.visited_on IS '核查日期';
COMMENT ON COLUMN visit.method IS '核查方式';
COMMENT ON COLUMN visit.visitor_1 IS '核查人1';
COMMENT ON COLUMN visit.visitor_2 IS '核查人2';
COMMENT ON COLUMN visit.outcome_code IS '核查结果码';
COMMENT ON COLUMN visit.lead_ids IS '答复的线索（JSON 列表）';
COMMENT ON COLUMN visit.lives_with IS '实际共同生活人口';
COMMENT ON COLUMN visit.difficulties IS '主要困难';
COMMENT ON COLUMN visit.departments IS '转办部门';
COMMENT ON COLUMN visit.note IS '备注';
COMMENT ON COLUMN visit.recorded_by IS '谁填写（账号）';
COMMENT ON COLUMN visit.recorded_at IS '填写时间';

CREATE TABLE visit_due (
    file_no VARCHAR,
    due_by DATE,
    by_hour TIMESTAMPTZ,
    why VARCHAR,
    level VARCHAR,
    calendar_known BOOLEAN,
    assigned_to VARCHAR
);
COMMENT ON TABLE visit_due IS '走访安排：每档下一次走访';
COMMENT ON COLUMN visit_due.file_no IS '档案编号';
COMMENT ON COLUMN visit_due.due_by IS '时限';
COMMENT ON COLUMN visit_due.by_hour IS '急难的时限，到时刻';
COMMENT ON COLUMN visit_due.why IS '原因（JSON 列表）';
COMMENT ON COLUMN visit_due.level IS '关注等级';
COMMENT ON COLUMN visit_due.calendar_known IS '推算所经年份的放假安排是否都已公布；否则只按周末推算';
COMMENT ON COLUMN visit_due.assigned_to IS '派给谁';

CREATE TABLE transfer (
    transfer_id VARCHAR,
    file_no VARCHAR,
    lead_id VARCHAR,
    department VARCHAR,
    matter VARCHAR,
    wanted VARCHAR,
    outcome_code VARCHAR,
    state VARCHAR,
    due DATE,
    reported_at TIMESTAMPTZ,
    referred_on DATE,
    closed_on DATE,
    result VARCHAR,
    granted VARCHAR,
    returns BIGINT,
    version BIGINT
);
COMMENT ON TABLE transfer IS '转办：一件事从上报到办结';
COMMENT ON COLUMN transfer.transfer_id IS '转办编号';
COMMENT ON COLUMN transfer.file_no IS '档案编号';
COMMENT ON COLUMN transfer.lead_id IS '线索编号';
COMMENT ON COLUMN transfer.department IS '承办部门';
COMMENT ON COLUMN transfer.matter IS '事由';
COMMENT ON COLUMN transfer.wanted IS '请求事项';
COMMENT ON COLUMN transfer.outcome_code IS '由哪个核查结果码而来';
COMMENT ON COLUMN transfer.state IS '状态：已上报、已受理、已分办、办理中、已办结、退回、撤销';
COMMENT ON COLUMN transfer.due IS '办理时限';
COMMENT ON COLUMN transfer.reported_at IS '上报时间';
COMMENT ON COLUMN transfer.referred_on IS '分办日期';
COMMENT ON COLUMN transfer.closed_on IS '办结日期';
COMMENT ON COLUMN transfer.result IS '办理结果码';
COMMENT ON COLUMN transfer.granted IS '已落实的政策';
COMMENT ON COLUMN transfer.returns IS '退回次数';
COMMENT ON COLUMN transfer.version IS '改过几次';

CREATE TABLE transfer_event (
    number BIGINT,
    transfer_id VARCHAR,
    happened_at TIMESTAMPTZ,
    from_state VARCHAR,
    to_state VARCHAR,
    actor VARCHAR,
    role VARCHAR,
    note VARCHAR
);
COMMENT ON TABLE transfer_event IS '转办经过：只增不改';
COMMENT ON COLUMN transfer_event.number IS '序号';
COMMENT ON COLUMN transfer_event.transfer_id IS '转办编号';
COMMENT ON COLUMN transfer_event.happened_at IS '时间';
COMMENT ON COLUMN transfer_event.from_state IS '原状态';
COMMENT ON COLUMN transfer_event.to_state IS '新状态';
COMMENT ON COLUMN transfer_event.actor IS '谁（账号）';
COMMENT ON COLUMN transfer_event.role IS '角色';
COMMENT ON COLUMN transfer_event.note IS '说明';

CREATE TABLE service_order (
    order_id VARCHAR,
    file_no VARCHAR,
    person_id VARCHAR,
    package VARCHAR,
    item VARCHAR,
    units BIGINT,
    urgent BOOLEAN,
    asked_on DATE,
    asked_by VARCHAR,
    wanted VARCHAR,
    organisation VARCHAR,
    state VARCHAR,
    state_since TIMESTAMPTZ,
    due TIMESTAMPTZ,
    ended_on DATE,
    returns BIGINT,
    version BIGINT
);
COMMENT ON TABLE service_order IS '服务订单：本人或监护人点的单，从点单到完结';
COMMENT ON COLUMN service_order.order_id IS '订单编号';
COMMENT ON COLUMN service_order.file_no IS '档案编号';
COMMENT ON COLUMN service_order.person_id IS '服务对象（人员编号）';
COMMENT ON COLUMN service_order.package IS '服务包';
COMMENT ON COLUMN service_order.item IS '项目（见 schemas/casework/packages.yaml）';
COMMENT ON COLUMN service_order.units IS '数量';
COMMENT ON COLUMN service_order.urgent IS '急的项目';
COMMENT ON COLUMN service_order.asked_on IS '点单日期';
COMMENT ON COLUMN service_order.asked_by IS '谁点的单：本人、监护人、家属';
COMMENT ON COLUMN service_order.wanted IS '要求';
COMMENT ON COLUMN service_order.organisation IS '服务机构';
COMMENT ON COLUMN service_order.state IS '状态：待派、已派、已接、拒接、超时、服务中、待评价、完结、取消';
COMMENT ON COLUMN service_order.state_since IS '何时进入这个状态';
COMMENT ON COLUMN service_order.due IS '下一步的时限';
COMMENT ON COLUMN service_order.ended_on IS '完结或取消日期';
COMMENT ON COLUMN service_order.returns IS '拒接、超时、不满意退回的次数';
COMMENT ON COLUMN service_order.version IS '改过几次';

CREATE TABLE service_event (
    number BIGINT,
    order_id VARCHAR,
    happened_at TIMESTAMPTZ,
    from_state VARCHAR,
    to_state VARCHAR,
    organisation VARCHAR,
    in_time BOOLEAN,
    actor VARCHAR,
    role VARCHAR,
    note VARCHAR
);
COMMENT ON TABLE service_event IS '服务订单经过：只增不改';
COMMENT ON COLUMN service_event.number IS '序号';
COMMENT ON COLUMN service_event.order_id IS '订单编号';
COMMENT ON COLUMN service_event.happened_at IS '时间';
COMMENT ON COLUMN service_event.from_state IS '原状态';
COMMENT ON COLUMN service_event.to_state IS '新状态';
COMMENT ON COLUMN service_event.organisation IS '服务机构';
COMMENT ON COLUMN service_event.in_time IS '是否在时限内；没有时限的为空';
COMMENT ON COLUMN service_event.actor IS '谁（账号；program 为程序）';
COMMENT ON COLUMN service_event.role IS '角色';
COMMENT ON COLUMN service_event.note IS '说明';

CREATE TABLE service_record (
    number BIGINT,
    order_id VARCHAR,
    organisation VARCHAR,
    on_day DATE,
    units BIGINT,
    served_by VARCHAR,
    note VARCHAR,
    recorded_at TIMESTAMPTZ
);
COMMENT ON TABLE service_record IS '服务记录：每次做了多少；只增不改';
COMMENT ON COLUMN service_record.number IS '序号';
COMMENT ON COLUMN service_record.order_id IS '订单编号';
COMMENT ON COLUMN service_record.organisation IS '服务机构';
COMMENT ON COLUMN service_record.on_day IS '服务日期';
COMMENT ON COLUMN service_record.units IS '数量';
COMMENT ON COLUMN service_record.served_by IS '服务人员';
COMMENT ON COLUMN service_record.note IS '做了什么';
COMMENT ON COLUMN service_record.recorded_at IS '填写时间';

CREATE TABLE service_rating (
    number BIGINT,
    order_id VARCHAR,
    organisation VARCHAR,
    score BIGINT,
    words VARCHAR,
    rated_by VARCHAR,
    recorded_at TIMESTAMPTZ
);
COMMENT ON TABLE service_rating IS '服务评价：只增不改';
COMMENT ON COLUMN service_rating.number IS '序号';
COMMENT ON COLUMN service_rating.order_id IS '订单编号';
COMMENT ON COLUMN service_rating.organisation IS '服务机构';
COMMENT ON COLUMN service_rating.score IS '评分：1 至 5，5 最满意';
COMMENT ON COLUMN service_rating.words IS '评价的话';
COMMENT ON COLUMN service_rating.rated_by IS '谁评的：本人、监护人、回访';
COMMENT ON COLUMN service_rating.recorded_at IS '填写时间';

CREATE TABLE screened (
    batch VARCHAR,
    kind VARCHAR,
    person_id VARCHAR,
    town VARCHAR
);
COMMENT ON TABLE screened IS '每个批次筛查到的重点人群，一人一类一行';
COMMENT ON COLUMN screened.batch IS '批次（年-月）';
COMMENT ON COLUMN screened.kind IS '类别：disabled 持有效残疾人证，medical_burden 近12个月医疗个人负担超过预警线，lifted_out 脱贫户成员';
COMMENT ON COLUMN screened.person_id IS '人员编号';
COMMENT ON COLUMN screened.town IS '镇街：所在救助家庭的';
