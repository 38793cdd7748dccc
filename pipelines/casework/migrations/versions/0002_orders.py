"""Service orders, organisations, and the outbox of alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0002_orders"
down_revision = "0001"

ADDED_ONLY = ("service_event", "service_record", "service_rating")

_SQLITE = """CREATE TRIGGER {table}_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"""
_POSTGRES = """CREATE TRIGGER {table}_{event} BEFORE {event} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"""


def upgrade() -> None:
    """To this form."""
    op.create_table(
        "organisation",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("packages", sa.JSON(), nullable=False),
        sa.Column("towns", sa.JSON(), nullable=False),
        sa.Column("contract_from", sa.Date(), nullable=False),
        sa.Column("contract_to", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_organisation")),
    )
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("reader", sa.String(length=8), nullable=False),
        sa.Column("town", sa.String(length=64), nullable=True),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("done", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("failure", sa.String(length=64), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("reader IN ('town', 'district')", name=op.f("ck_outbox_reader")),
        sa.ForeignKeyConstraint(["file_no"], ["case_file.file_no"], name=op.f("fk_outbox_file_no")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_file_no", ["file_no"], unique=False)
        batch_op.create_index("ix_outbox_sent_at", ["sent_at"], unique=False)
    op.create_table(
        "service_order",
        sa.Column("order_id", sa.String(length=16), nullable=False),
        sa.Column("file_no", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("package", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=32), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked_by", sa.String(length=16), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("state_since", sa.DateTime(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_no"], ["case_file.file_no"], name=op.f("fk_service_order_file_no")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_service_order")),
    )
    with op.batch_alter_table("service_order", schema=None) as batch_op:
        batch_op.create_index("ix_service_order_file_no", ["file_no"], unique=False)
        batch_op.create_index("ix_service_order_organisation", ["organisation"], unique=False)
        batch_op.create_index("ix_service_order_person_id", ["person_id"], unique=False)
        batch_op.create_index("ix_service_order_state", ["state"], unique=False)
    op.create_table(
        "service_event",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(length=16), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("from_state", sa.String(length=8), nullable=False),
        sa.Column("to_state", sa.String(length=8), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=True),
        sa.Column("in_time", sa.Boolean(), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.order_id"], name=op.f("fk_service_event_order_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_service_event")),
        sa.UniqueConstraint("key", name=op.f("uq_service_event_key")),
    )
    with op.batch_alter_table("service_event", schema=None) as batch_op:
        batch_op.create_index("ix_service_event_order_id", ["order_id"], unique=False)
    op.create_table(
        "service_rating",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(length=16), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("rated_by", sa.String(length=8), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_service_rating_score")),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.order_id"], name=op.f("fk_service_rating_order_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_service_rating")),
        sa.UniqueConstraint("key", name=op.f("uq_service_rating_key")),
    )
    with op.batch_alter_table("service_rating", schema=None) as batch_op:
        batch_op.create_index("ix_service_rating_order_id", ["order_id"], unique=False)
    op.create_table(
        "service_record",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(length=16), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("served_by", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.order_id"], name=op.f("fk_service_record_order_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_service_record")),
        sa.UniqueConstraint("key", name=op.f("uq_service_record_key")),
    )
    with op.batch_alter_table("service_record", schema=None) as batch_op:
        batch_op.create_index("ix_service_record_order_id", ["order_id"], unique=False)

    postgres = op.get_bind().dialect.name == "postgresql"
    for table in ADDED_ONLY:
        for event in ("UPDATE", "DELETE", "TRUNCATE") if postgres else ("UPDATE", "DELETE"):
            op.execute((_POSTGRES if postgres else _SQLITE).format(table=table, event=event))


def downgrade() -> None:
    """Not taken: the store's history is only added to."""
    raise NotImplementedError
