"""The first form of the store.

Rows of `ADDED_ONLY` are guarded by the database itself: the access log cannot be edited, history cannot be rewritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ADDED_ONLY = ("access_log", "case_event", "transfer_event")

_SQLITE = """CREATE TRIGGER {table}_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"""
_POSTGRES = """CREATE TRIGGER {table}_{event} BEFORE {event} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"""
_FUNCTION = """CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is only added to', TG_TABLE_NAME; END $$"""


def upgrade() -> None:
    """To this form."""
    op.create_table(
        "access_log",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=True),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_log")),
    )
    with op.batch_alter_table("access_log", schema=None) as batch_op:
        batch_op.create_index("ix_access_log_at", ["at"], unique=False)

    op.create_table(
        "account",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("town", sa.String(length=64), nullable=True),
        sa.Column("village", sa.String(length=64), nullable=True),
        sa.Column("organisation", sa.String(length=64), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("loopback_only", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
    )
    op.create_table(
        "authorisation",
        sa.Column("authorisation_id", sa.String(length=16), nullable=False),
        sa.Column("form_no", sa.String(length=64), nullable=False),
        sa.Column("check_id", sa.String(length=16), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("id_number", sa.String(length=32), nullable=True),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("signed_by", sa.String(length=8), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("scan_sha256", sa.String(length=64), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("authorisation_id", name=op.f("pk_authorisation")),
    )
    with op.batch_alter_table("authorisation", schema=None) as batch_op:
        batch_op.create_index("ix_authorisation_check_id", ["check_id"], unique=False)
        batch_op.create_index("ix_authorisation_person_id", ["person_id"], unique=False)

    op.create_table(
        "case_file",
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("town", sa.String(length=64), nullable=True),
        sa.Column("village", sa.String(length=64), nullable=True),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("care_level", sa.String(length=8), nullable=False),
        sa.Column("level_reason", sa.Text(), nullable=False),
        sa.Column("level_since", sa.Date(), nullable=False),
        sa.Column("level_by", sa.String(length=64), nullable=False),
        sa.Column("lowered_at", sa.String(length=16), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("adviser", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('户', '人')", name=op.f("ck_case_file_kind")),
        sa.PrimaryKeyConstraint("file_no", name=op.f("pk_case_file")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_case_file_kind")),
    )
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index("ix_case_file_town", ["town"], unique=False)

    op.create_table(
        "household_check",
        sa.Column("check_id", sa.String(length=16), nullable=False),
        sa.Column("application_no", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("matter", sa.String(length=32), nullable=False),
        sa.Column("town", sa.String(length=64), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=7), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("household_id", sa.String(length=64), nullable=True),
        sa.Column("report_hash", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("earlier_check_id", sa.String(length=16), nullable=True),
        sa.Column("change", sa.String(length=16), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=True),
        sa.Column("declared_income", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("declared_property", sa.Text(), nullable=True),
        sa.Column("printed_times", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_household_check")),
    )
    with op.batch_alter_table("household_check", schema=None) as batch_op:
        batch_op.create_index("ix_household_check_application_no", ["application_no"], unique=False)
        batch_op.create_index("ix_household_check_household_id", ["household_id"], unique=False)

    op.create_table(
        "numbering",
        sa.Column("series", sa.String(length=16), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_numbering")),
    )
    op.create_table(
        "opening",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", "subject", name=op.f("pk_opening")),
    )
    op.create_table(
        "case_event",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["file_no"], ["case_file.file_no"], name=op.f("fk_case_event_file_no")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_case_event")),
        sa.UniqueConstraint("key", name=op.f("uq_case_event_key")),
    )
    with op.batch_alter_table("case_event", schema=None) as batch_op:
        batch_op.create_index("ix_case_event_file_no", ["file_no"], unique=False)

    op.create_table(
        "case_lead",
        sa.Column("lead_id", sa.String(length=64), nullable=False),
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("batch", sa.String(length=7), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("rule_ids", sa.JSON(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("raised_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome_code", sa.String(length=4), nullable=True),
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_no"], ["case_file.file_no"], name=op.f("fk_case_lead_file_no")),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_case_lead")),
    )
    with op.batch_alter_table("case_lead", schema=None) as batch_op:
        batch_op.create_index("ix_case_lead_file_no", ["file_no"], unique=False)

    op.create_table(
        "check_asked",
        sa.Column("check_id", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("source_date", sa.Date(), nullable=True),
        sa.Column("authorisation_id", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["check_id"], ["household_check.check_id"], name=op.f("fk_check_asked_check_id")),
        sa.PrimaryKeyConstraint("check_id", "position", "source", name=op.f("pk_check_asked")),
    )
    op.create_table(
        "check_item",
        sa.Column("check_id", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("source_date", sa.Date(), nullable=True),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=True),
        sa.Column("declared", sa.Text(), nullable=True),
        sa.Column("comparison", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["check_id"], ["household_check.check_id"], name=op.f("fk_check_item_check_id")),
        sa.PrimaryKeyConstraint("check_id", "position", "number", name=op.f("pk_check_item")),
    )
    op.create_table(
        "check_member",
        sa.Column("check_id", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("id_number", sa.String(length=32), nullable=True),
        sa.Column("relation", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["household_check.check_id"], name=op.f("fk_check_member_check_id")),
        sa.PrimaryKeyConstraint("check_id", "position", name=op.f("pk_check_member")),
    )
    op.create_table(
        "check_result",
        sa.Column("check_id", sa.String(length=16), nullable=False),
        sa.Column("test", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("low", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("high", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("line", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["household_check.check_id"], name=op.f("fk_check_result_check_id")),
        sa.PrimaryKeyConstraint("check_id", "test", "position", name=op.f("pk_check_result")),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_session_account")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_table(
        "transfer",
        sa.Column("transfer_id", sa.String(length=16), nullable=False),
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("lead_id", sa.String(length=64), nullable=True),
        sa.Column("department", sa.String(length=32), nullable=True),
        sa.Column("matter", sa.String(length=64), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("outcome_code", sa.String(length=4), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("reported_at", sa.DateTime(), nullable=False),
        sa.Column("reported_by", sa.String(length=64), nullable=False),
        sa.Column("referred_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("granted", sa.String(length=128), nullable=True),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_no"], ["case_file.file_no"], name=op.f("fk_transfer_file_no")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_transfer")),
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index("ix_transfer_file_no", ["file_no"], unique=False)
        batch_op.create_index("ix_transfer_state", ["state"], unique=False)

    op.create_table(
        "visit",
        sa.Column("visit_id", sa.String(length=16), nullable=False),
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("visitor_1", sa.String(length=32), nullable=False),
        sa.Column("visitor_2", sa.String(length=32), nullable=True),
        sa.Column("outcome_code", sa.String(length=4), nullable=False),
        sa.Column("lead_ids", sa.JSON(), nullable=False),
        sa.Column("lives_with", sa.Integer(), nullable=True),
        sa.Column("difficulties", sa.String(length=128), nullable=True),
        sa.Column("departments", sa.String(length=128), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["file_no"], ["case_file.file_no"], name=op.f("fk_visit_file_no")),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_visit")),
        sa.UniqueConstraint("key", name=op.f("uq_visit_key")),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index("ix_visit_file_no", ["file_no"], unique=False)

    op.create_table(
        "visit_due",
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("due_by", sa.Date(), nullable=False),
        sa.Column("by_hour", sa.DateTime(), nullable=True),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("calendar_known", sa.Boolean(), nullable=False),
        sa.Column("assigned_to", sa.String(length=64), nullable=True),
        sa.Column("told_town_at", sa.DateTime(), nullable=True),
        sa.Column("told_district_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["file_no"], ["case_file.file_no"], name=op.f("fk_visit_due_file_no")),
        sa.PrimaryKeyConstraint("file_no", name=op.f("pk_visit_due")),
    )
    with op.batch_alter_table("visit_due", schema=None) as batch_op:
        batch_op.create_index("ix_visit_due_due_by", ["due_by"], unique=False)

    op.create_table(
        "transfer_event",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("transfer_id", sa.String(length=16), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("from_state", sa.String(length=8), nullable=False),
        sa.Column("to_state", sa.String(length=8), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.transfer_id"], name=op.f("fk_transfer_event_transfer_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_transfer_event")),
        sa.UniqueConstraint("key", name=op.f("uq_transfer_event_key")),
    )
    with op.batch_alter_table("transfer_event", schema=None) as batch_op:
        batch_op.create_index("ix_transfer_event_transfer_id", ["transfer_id"], unique=False)
    _guard()


def _guard() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(_FUNCTION)
    for table in ADDED_ONLY:
        for event in ("UPDATE", "DELETE", "TRUNCATE") if postgres else ("UPDATE", "DELETE"):
            op.execute((_POSTGRES if postgres else _SQLITE).format(table=table, event=event))


def downgrade() -> None:
    """Not taken: the store's history is only added to."""
    raise NotImplementedError
