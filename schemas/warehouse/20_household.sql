CREATE TABLE household (
    batch VARCHAR,
    household_id VARCHAR,
    kind VARCHAR,
    head_person_id VARCHAR,
    town VARCHAR,
    village VARCHAR,
    grid VARCHAR,
    register_town VARCHAR,
    member_count INTEGER,
    collective BOOLEAN,
    disputed BOOLEAN,
    stated_members INTEGER
);
COMMENT ON TABLE household IS '家庭：每批次、每种口径一行';
COMMENT ON COLUMN household.batch IS '批次';
COMMENT ON COLUMN household.household_id IS '家庭编号：不透明，跨批次不变';
COMMENT ON COLUMN household.kind IS '口径：register 户籍户，assistance 共同生活家庭';
COMMENT ON COLUMN household.head_person_id IS '户主人员编号';
COMMENT ON COLUMN household.town IS '镇街（已知实际居住地的为居住地）';
COMMENT ON COLUMN household.village IS '村居';
COMMENT ON COLUMN household.grid IS '网格';
COMMENT ON COLUMN household.register_town IS '户籍所在镇街，与居住地不同时才有（人户分离）';
COMMENT ON COLUMN household.member_count IS '人口';
COMMENT ON COLUMN household.collective IS '集体户中的个人';
COMMENT ON COLUMN household.disputed IS '有异议：以前批次走访反馈户内情况与数据不符（E5），而数据中的成员至今没有变';
COMMENT ON COLUMN household.stated_members IS '走访时发现的实际共同生活人口；没有异议或没有填写的为空';

CREATE TABLE household_member (
    batch VARCHAR,
    household_id VARCHAR,
    kind VARCHAR,
    person_id VARCHAR,
    relation VARCHAR
);
COMMENT ON TABLE household_member IS '家庭成员';
COMMENT ON COLUMN household_member.batch IS '批次';
COMMENT ON COLUMN household_member.household_id IS '家庭编号';
COMMENT ON COLUMN household_member.kind IS '口径';
COMMENT ON COLUMN household_member.person_id IS '人员编号';
COMMENT ON COLUMN household_member.relation IS '与户主关系';

CREATE TABLE household_change (
    batch VARCHAR,
    kind VARCHAR,
    person_id VARCHAR,
    from_household_id VARCHAR,
    to_household_id VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE household_change IS '家庭变动：与上一批次相比换了家庭的人；首个批次没有';
COMMENT ON COLUMN household_change.batch IS '批次';
COMMENT ON COLUMN household_change.kind IS '口径：register 户籍户，assistance 共同生活家庭';
COMMENT ON COLUMN household_change.person_id IS '人员编号';
COMMENT ON COLUMN household_change.from_household_id IS '原家庭；空为原来不在任何家庭';
COMMENT ON COLUMN household_change.to_household_id IS '现家庭；空为现在不在任何家庭';
COMMENT ON COLUMN household_change.reason IS '原因：came 新出现，moved 迁，joined_spouse 随配偶，died 死亡，custody 服刑或强戒，gone 本批次没有记录';
