-- Facts that rules make for other rules, in the same form as lake/facts.sql. They are known after the first pass; a rule
-- that reads one is run in the second pass.

CREATE TABLE household_fact (
    household_under_findings VARCHAR[]          -- 本批已成立的应保未保规则（家庭或其成员，不含第二轮规则） | 规则编号 | 本批 | -
);
