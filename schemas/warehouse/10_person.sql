CREATE TABLE person (
    person_id VARCHAR,
    name VARCHAR,
    id_number VARCHAR,
    id_status VARCHAR,
    sex VARCHAR,
    birth_date DATE,
    town VARCHAR,
    village VARCHAR,
    grid VARCHAR,
    address VARCHAR,
    phone VARCHAR,
    alive BOOLEAN,
    death_date DATE,
    provisional BOOLEAN,
    source_count INTEGER,
    first_batch VARCHAR,
    last_batch VARCHAR
);
COMMENT ON TABLE person IS '人员：一人一行，为截至最近批次的归并结果';
COMMENT ON COLUMN person.person_id IS '人员编号：不透明，跨批次不变';
COMMENT ON COLUMN person.name IS '姓名';
COMMENT ON COLUMN person.id_number IS '公民身份号码';
COMMENT ON COLUMN person.id_status IS '证号状态：valid 有效，lifted 由15位升位，bad_check 校验位错，bad_date 日期错，truncated 表格损坏，masked 脱敏，placeholder 占位，missing 缺，malformed 不成形';
COMMENT ON COLUMN person.sex IS '性别：1 男，2 女（GB/T 2261.1）';
COMMENT ON COLUMN person.birth_date IS '出生日期';
COMMENT ON COLUMN person.town IS '镇街';
COMMENT ON COLUMN person.village IS '村居';
COMMENT ON COLUMN person.grid IS '网格';
COMMENT ON COLUMN person.address IS '住址（村居以下）';
COMMENT ON COLUMN person.phone IS '联系电话';
COMMENT ON COLUMN person.alive IS '是否在世：有“死亡”注销记录为假';
COMMENT ON COLUMN person.death_date IS '死亡日期';
COMMENT ON COLUMN person.provisional IS '暂立：至今不在户籍登记中';
COMMENT ON COLUMN person.source_count IS '本批次有几个数据源提到此人（只用于有核对授权者的数据源不计）';
COMMENT ON COLUMN person.first_batch IS '首次出现的批次';
COMMENT ON COLUMN person.last_batch IS '最近出现的批次';

CREATE TABLE person_record (
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    member_no TINYINT,
    person_id VARCHAR,
    match_method VARCHAR,
    match_probability DOUBLE
);
COMMENT ON TABLE person_record IS '人员与来源行的对应：每个来源行（宽表为每个成员）一行';
COMMENT ON COLUMN person_record.batch IS '批次（年-月）';
COMMENT ON COLUMN person_record.source IS '数据源';
COMMENT ON COLUMN person_record.file IS '文件（数据源文件夹下的路径）';
COMMENT ON COLUMN person_record.row_no IS '文件中的行号，第一行为 1';
COMMENT ON COLUMN person_record.member_no IS '宽表中的成员位置，0 为户主或本行之人';
COMMENT ON COLUMN person_record.person_id IS '人员编号';
COMMENT ON COLUMN person_record.match_method IS '归并方式：exact_id 证号一致，scored 按证据打分，household 借户内关系，provisional 暂立，unchanged 与上批相同，decided 人工决定';
COMMENT ON COLUMN person_record.match_probability IS '归并正确的概率';

CREATE TABLE match_review (
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    member_no TINYINT,
    candidate_person_id VARCHAR,
    probability DOUBLE,
    reason VARCHAR
);
COMMENT ON TABLE match_review IS '待人工判断的归并：证据不足以决定的记录与候选人';
COMMENT ON COLUMN match_review.batch IS '批次（年-月）';
COMMENT ON COLUMN match_review.source IS '数据源';
COMMENT ON COLUMN match_review.file IS '文件（数据源文件夹下的路径）';
COMMENT ON COLUMN match_review.row_no IS '文件中的行号，第一行为 1';
COMMENT ON COLUMN match_review.member_no IS '宽表中的成员位置';
COMMENT ON COLUMN match_review.candidate_person_id IS '候选人员编号';
COMMENT ON COLUMN match_review.probability IS '是同一人的概率';
COMMENT ON COLUMN match_review.reason IS '为什么拿不准';

CREATE TABLE person_alias (
    old_person_id VARCHAR,
    person_id VARCHAR,
    batch VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE person_alias IS '合并后旧人员编号指向何人';
COMMENT ON COLUMN person_alias.old_person_id IS '旧编号';
COMMENT ON COLUMN person_alias.person_id IS '现编号';
COMMENT ON COLUMN person_alias.batch IS '发生的批次';
COMMENT ON COLUMN person_alias.reason IS '原因';

CREATE TABLE person_split (
    person_id VARCHAR,
    from_person_id VARCHAR,
    batch VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE person_split IS '由别人的记录分出来的人员；原编号仍是原来的人';
COMMENT ON COLUMN person_split.person_id IS '分出的人员编号';
COMMENT ON COLUMN person_split.from_person_id IS '记录原来所属的人员编号';
COMMENT ON COLUMN person_split.batch IS '发生的批次';
COMMENT ON COLUMN person_split.reason IS '原因';

CREATE TABLE id_issue (
    batch VARCHAR,
    kind VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    member_no TINYINT,
    person_id VARCHAR
);
COMMENT ON TABLE id_issue IS '证号问题：归并时发现、请数据源更正的行';
COMMENT ON COLUMN id_issue.batch IS '批次';
COMMENT ON COLUMN id_issue.kind IS '问题：borrowed_id 用了别人的证号，shared_id 两人同号，second_id 一人两号，registered_twice 户籍重复登记，said_wrong 走访发现数据有误';
COMMENT ON COLUMN id_issue.source IS '数据源';
COMMENT ON COLUMN id_issue.file IS '文件';
COMMENT ON COLUMN id_issue.row_no IS '行号';
COMMENT ON COLUMN id_issue.member_no IS '宽表中的成员位置';
COMMENT ON COLUMN id_issue.person_id IS '归到的人员编号';
