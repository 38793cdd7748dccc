"""The store's tables, the same on SQLite and PostgreSQL.

Belongs here: tables, columns, keys. Does not belong here: how they came to be (`migrations`, one step a file; a test holds that
they end in what stands here) and who writes them.

Tables that are only added to (`ADDED_ONLY`) are guarded by triggers of the database itself: no part of the program, and nobody
with its connection, changes or removes a row of them.
"""

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)  # fmt: skip
from sqlalchemy.engine import Dialect

METADATA = MetaData(
    naming_convention={"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
                       "fk": "fk_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}
)  # fmt: skip

ADDED_ONLY = ("access_log", "case_event", "transfer_event", "service_event", "service_record", "service_rating")
"""Tables whose rows nobody changes or removes."""


class Instant(TypeDecorator[dt.datetime]):
    """A moment, kept as UTC without zone: SQLite knows none, and both databases must give the same."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """UTC without zone."""
        if value is None:
            return None
        assert value.tzinfo is not None, "a moment needs its zone"
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """With its zone again."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


account = Table(
    "account", METADATA,
    Column("name", String(64), primary_key=True),
    Column("title", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("town", String(64)),
    Column("village", String(64)),
    Column("organisation", String(64)),
    Column("password_hash", Text, nullable=False),
    Column("loopback_only", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
)  # fmt: skip
"""Who may use the desk: a role, and the town or village or organisation that it is limited to."""

session = Table(
    "session", METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("account", String(64), ForeignKey("account.name"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)  # fmt: skip
"""Who is logged in: the cookie's token by its SHA-256, so that a copy of the store lets nobody in."""

opening = Table(
    "opening", METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("purpose", String(64), nullable=False),
    Column("until", Instant, nullable=False),
)  # fmt: skip
"""Which subject's full values a session sees, why, and until when."""

access_log = Table(
    "access_log", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("purpose", String(64)),
    Column("subjects", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("allowed", Boolean, nullable=False),
    Index("ix_access_log_at", "at"),
)  # fmt: skip
"""Who read whom, when, why, from which sources; who was refused. Opaque numbers only."""

numbering = Table("numbering", METADATA, Column("series", String(16), primary_key=True), Column("last", Integer, nullable=False))
"""The last number given out of each series."""

case_file = Table(
    "case_file", METADATA,
    Column("file_no", String(16), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("town", String(64)),
    Column("village", String(64)),
    Column("grid", String(64)),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("care_level", String(8), nullable=False),
    Column("level_reason", Text, nullable=False),
    Column("level_since", Date, nullable=False),
    Column("level_by", String(64), nullable=False),
    Column("lowered_at", String(16)),
    Column("categories", JSON, nullable=False),
    Column("adviser", String(64)),
    Column("version", Integer, nullable=False),
    CheckConstraint("kind IN ('户', '人')", name="kind"),
    UniqueConstraint("kind", "subject_id"),
    Index("ix_case_file_town", "town"),
)  # fmt: skip
"""One household one file, one person one file. `lowered_at` is the visit at which the level was last lowered."""

case_event = Table(
    "case_event", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("file_no", String(16), ForeignKey("case_file.file_no"), nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("on_day", Date, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ref", String(64)),
    Column("text", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("key", String(128), nullable=False, unique=True),
    Index("ix_case_event_file_no", "file_no"),
)  # fmt: skip
"""What happened. A message that comes twice has one key and changes nothing the second time."""

case_lead = Table(
    "case_lead", METADATA,
    Column("lead_id", String(64), primary_key=True),
    Column("file_no", String(16), ForeignKey("case_file.file_no"), nullable=False),
    Column("batch", String(7), nullable=False),
    Column("direction", String(8), nullable=False),
    Column("level", String(8), nullable=False),
    Column("rule_ids", JSON, nullable=False),
    Column("due_date", Date),
    Column("urgent", Boolean, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome_code", String(4)),
    Column("visited_on", Date),
    Column("version", Integer, nullable=False),
    Index("ix_case_lead_file_no", "file_no"),
)  # fmt: skip
"""A batch's leads as the desk works on them: 待走访, 已答复, 已撤回 (the next batch no longer raises it)."""

visit = Table(
    "visit", METADATA,
    Column("visit_id", String(16), primary_key=True),
    Column("file_no", String(16), ForeignKey("case_file.file_no"), nullable=False),
    Column("visited_on", Date, nullable=False),
    Column("method", String(16), nullable=False),
    Column("visitor_1", String(32), nullable=False),
    Column("visitor_2", String(32)),
    Column("outcome_code", String(4), nullable=False),
    Column("lead_ids", JSON, nullable=False),
    Column("lives_with", Integer),
    Column("difficulties", String(128)),
    Column("departments", String(128)),
    Column("note", Text, nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("key", String(128), nullable=False, unique=True),
    Index("ix_visit_file_no", "file_no"),
)  # fmt: skip
"""Each visit with what it answered."""

visit_due = Table(
    "visit_due", METADATA,
    Column("file_no", String(16), ForeignKey("case_file.file_no"), primary_key=True),
    Column("due_by", Date, nullable=False),
    Column("by_hour", Instant),
    Column("why", JSON, nullable=False),
    Column("level", String(8), nullable=False),
    Column("calendar_known", Boolean, nullable=False),
    Column("assigned_to", String(64)),
    Column("told_town_at", Instant),
    Column("told_district_at", Instant),
    Index("ix_visit_due_due_by", "due_by"),
)  # fmt: skip
"""The next visit of each file: one a file, with every reason that falls within seven days of it."""

transfer = Table(
    "transfer", METADATA,
    Column("transfer_id", String(16), primary_key=True),
    Column("file_no", String(16), ForeignKey("case_file.file_no"), nullable=False),
    Column("lead_id", String(64)),
    Column("department", String(32)),
    Column("matter", String(64), nullable=False),
    Column("wanted", Text, nullable=False),
    Column("outcome_code", String(4)),
    Column("state", String(8), nullable=False),
    Column("due", Date),
    Column("reported_at", Instant, nullable=False),
    Column("reported_by", String(64), nullable=False),
    Column("referred_on", Date),
    Column("closed_on", Date),
    Column("result", Text),
    Column("granted", String(128)),
    Column("returns", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_transfer_file_no", "file_no"),
    Index("ix_transfer_state", "state"),
)  # fmt: skip
"""A matter handed to a department, from report to result."""

transfer_event = Table(
    "transfer_event", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("transfer_id", String(16), ForeignKey("transfer.transfer_id"), nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("from_state", String(8), nullable=False),
    Column("to_state", String(8), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("key", String(128), nullable=False, unique=True),
    Index("ix_transfer_event_transfer_id", "transfer_id"),
)  # fmt: skip
"""Each step of a transfer."""

authorisation = Table(
    "authorisation", METADATA,
    Column("authorisation_id", String(16), primary_key=True),
    Column("form_no", String(64), nullable=False),
    Column("check_id", String(16)),
    Column("name", String(64), nullable=False),
    Column("id_number", String(32)),
    Column("person_id", String(64)),
    Column("signed_by", String(8), nullable=False),
    Column("signed_on", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("scope", JSON, nullable=False),
    Column("withdrawn_on", Date),
    Column("scan_sha256", String(64)),
    Column("recorded_by", String(64), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index("ix_authorisation_person_id", "person_id"),
    Index("ix_authorisation_check_id", "check_id"),
)  # fmt: skip
"""Who agreed to be asked about, in which sources, from when to when (both days count)."""

check = Table(
    "household_check", METADATA,
    Column("check_id", String(16), primary_key=True),
    Column("application_no", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("matter", String(32), nullable=False),
    Column("town", String(64), nullable=False),
    Column("accepted_on", Date, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("batch", String(7), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("household_id", String(64)),
    Column("report_hash", String(64)),
    Column("state", String(8), nullable=False),
    Column("earlier_check_id", String(16)),
    Column("change", String(16)),
    Column("summary", JSON),
    Column("declared_income", Numeric(18, 2)),
    Column("declared_property", Text),
    Column("printed_times", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_household_check_application_no", "application_no"),
    Index("ix_household_check_household_id", "household_id"),
)  # fmt: skip
"""One check of one household (`check` is a word of SQL, hence the longer name)."""

check_member = Table(
    "check_member", METADATA,
    Column("check_id", String(16), ForeignKey("household_check.check_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("id_number", String(32)),
    Column("relation", String(32), nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("person_id", String(64)),
    Column("probability", Float),
    Column("candidates", JSON, nullable=False),
    Column("role", String(16), nullable=False),
    Column("reason", Text, nullable=False),
)  # fmt: skip
"""Who the household is: as declared, as linked, and whether they count."""

check_item = Table(
    "check_item", METADATA,
    Column("check_id", String(16), ForeignKey("household_check.check_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("amount", Numeric(18, 2)),
    Column("period_from", Date),
    Column("period_to", Date),
    Column("source_date", Date),
    Column("file", Text, nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("counted", Boolean),
    Column("declared", Text),
    Column("comparison", String(16)),
)  # fmt: skip
"""What the sources say, a row each."""

check_asked = Table(
    "check_asked", METADATA,
    Column("check_id", String(16), ForeignKey("household_check.check_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("answer", String(16), nullable=False),
    Column("source_date", Date),
    Column("authorisation_id", String(16)),
)  # fmt: skip
"""What each source answered about each member: only `found` and `nothing` are evidence."""

check_result = Table(
    "check_result", METADATA,
    Column("check_id", String(16), ForeignKey("household_check.check_id"), primary_key=True),
    Column("test", String(64), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("low", Numeric(18, 2)),
    Column("high", Numeric(18, 2)),
    Column("line", Numeric(18, 2)),
    Column("words", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("missing", JSON, nullable=False),
)  # fmt: skip
"""Each rule and programme held against the household: true, false, unknown."""

organisation = Table(
    "organisation", METADATA,
    Column("name", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("packages", JSON, nullable=False),
    Column("towns", JSON, nullable=False),
    Column("contract_from", Date, nullable=False),
    Column("contract_to", Date, nullable=False),
    Column("version", Integer, nullable=False),
)  # fmt: skip
"""Who serves: which packages, in which towns (none: all), from when to when its contract runs (both days count)."""

service_order = Table(
    "service_order", METADATA,
    Column("order_id", String(16), primary_key=True),
    Column("file_no", String(16), ForeignKey("case_file.file_no"), nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("package", String(32), nullable=False),
    Column("item", String(32), nullable=False),
    Column("units", Integer, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("asked_on", Date, nullable=False),
    Column("asked_by", String(16), nullable=False),
    Column("wanted", Text, nullable=False),
    Column("organisation", String(64)),
    Column("state", String(8), nullable=False),
    Column("state_since", Instant, nullable=False),
    Column("due", Instant),
    Column("ended_on", Date),
    Column("returns", Integer, nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_service_order_file_no", "file_no"),
    Index("ix_service_order_person_id", "person_id"),
    Index("ix_service_order_state", "state"),
    Index("ix_service_order_organisation", "organisation"),
)  # fmt: skip
"""A service that somebody wished for, from the wish to its end. `asked_by` is who wished: 本人, 监护人, 家属."""

service_event = Table(
    "service_event", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("order_id", String(16), ForeignKey("service_order.order_id"), nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("from_state", String(8), nullable=False),
    Column("to_state", String(8), nullable=False),
    Column("organisation", String(64)),
    Column("in_time", Boolean),
    Column("actor", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("key", String(128), nullable=False, unique=True),
    Index("ix_service_event_order_id", "order_id"),
)  # fmt: skip
"""Each step of an order; `in_time` says whether it came before its time was over, where it had one."""

service_record = Table(
    "service_record", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("order_id", String(16), ForeignKey("service_order.order_id"), nullable=False),
    Column("organisation", String(64), nullable=False),
    Column("on_day", Date, nullable=False),
    Column("units", Integer, nullable=False),
    Column("served_by", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("key", String(128), nullable=False, unique=True),
    Index("ix_service_record_order_id", "order_id"),
)  # fmt: skip
"""What was done, each time."""

service_rating = Table(
    "service_rating", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("order_id", String(16), ForeignKey("service_order.order_id"), nullable=False),
    Column("organisation", String(64), nullable=False),
    Column("score", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("rated_by", String(8), nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("key", String(128), nullable=False, unique=True),
    CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    Index("ix_service_rating_order_id", "order_id"),
)  # fmt: skip
"""How those it was for found it."""

outbox = Table(
    "outbox", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", String(128), nullable=False, unique=True),
    Column("file_no", String(16), ForeignKey("case_file.file_no"), nullable=False),
    Column("ref", String(64)),
    Column("kind", String(16), nullable=False),
    Column("level", String(8), nullable=False),
    Column("reader", String(8), nullable=False),
    Column("town", String(64)),
    Column("written_at", Instant, nullable=False),
    Column("done", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("failure", String(64)),
    Column("sent_at", Instant),
    Column("version", Integer, nullable=False),
    CheckConstraint("reader IN ('town', 'district')", name="reader"),
    Index("ix_outbox_sent_at", "sent_at"),
    Index("ix_outbox_file_no", "file_no"),
)  # fmt: skip
"""Alerts, written with what they tell of: numbers and a level, nobody's name. `done`: channels that took it."""
