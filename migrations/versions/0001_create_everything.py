"""Create all tables of the first release, with the triggers that keep the record append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import triggers_0001

revision = "0001_create_everything"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_success", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempts")),
    )
    op.create_index(op.f("ix_login_attempts_address"), "login_attempts", ["address"], unique=False)
    op.create_index(op.f("ix_login_attempts_at"), "login_attempts", ["at"], unique=False)
    op.create_index(op.f("ix_login_attempts_login"), "login_attempts", ["login"], unique=False)
    op.create_table(
        "municipalities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_municipalities")),
        sa.UniqueConstraint("code", name=op.f("uq_municipalities_code")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "running",
                "done",
                "dead",
                "called_off",
                name="jobstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wakes", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_due", "outbox", ["status", "next_try_at"], unique=False)
    op.create_table(
        "calendar_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "day_off", "working", "vacation", name="entrykind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_calendar_entries_starts_before_it_ends")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_calendar_entries_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_entries")),
    )
    op.create_index(op.f("ix_calendar_entries_municipality_id"), "calendar_entries", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_calendar_entries_starts_on"), "calendar_entries", ["starts_on"], unique=False)
    op.create_table(
        "calendar_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "sitting",
                "upload",
                "publication",
                "case_move",
                "academic_year_end",
                "works_kept",
                name="eventkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=10), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'works_kept' OR year IS NOT NULL", name=op.f("ck_calendar_events_keeping_has_year")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_calendar_events_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_events")),
    )
    op.create_index(op.f("ix_calendar_events_municipality_id"), "calendar_events", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_calendar_events_on"), "calendar_events", ["on"], unique=False)
    op.create_table(
        "job_effects",
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_job_effects_outbox_id")),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_job_effects")),
    )
    op.create_table(
        "schools",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=True),
        sa.Column("settlement", sa.String(length=200), nullable=True),
        sa.Column("is_objective", sa.Boolean(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_schools_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schools")),
        sa.UniqueConstraint("code", name=op.f("uq_schools_code")),
    )
    op.create_index(op.f("ix_schools_municipality_id"), "schools", ["municipality_id"], unique=False)
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("prev", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_journal_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_journal_school_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_municipality_id"), "journal", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_journal_school_id"), "journal", ["school_id"], unique=False)
    op.create_index("ix_journal_subject", "journal", ["subject", "subject_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("post", sa.String(length=200), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "region_manager",
                "department",
                "analyst",
                "curator",
                "inspector",
                "school",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(length=2), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "role <> 'department' OR municipality_id IS NOT NULL", name=op.f("ck_users_department_has_municipality")
        ),
        sa.CheckConstraint("role <> 'school' OR school_id IS NOT NULL", name=op.f("ck_users_school_user_has_school")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_users_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_users_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_index(op.f("ix_users_municipality_id"), "users", ["municipality_id"], unique=False)
    op.create_table(
        "assignment_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "solving",
                "draft",
                "accepted",
                "applied",
                "withdrawn",
                "failed",
                name="planstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("duties", sa.JSON(), nullable=False),
        sa.Column("case_ids", sa.JSON(), nullable=False),
        sa.Column("rules_version", sa.String(length=20), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("orders", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("proposed_by_name", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_by_id", sa.Integer(), nullable=True),
        sa.Column("accepted_by_name", sa.String(length=200), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'withdrawn' OR withdrawal_reason IS NOT NULL",
            name=op.f("ck_assignment_plans_withdrawn_has_reason"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('accepted', 'applied') OR accepted_at IS NOT NULL",
            name=op.f("ck_assignment_plans_accepted_has_moment"),
        ),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["users.id"], name=op.f("fk_assignment_plans_accepted_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_assignment_plans_municipality_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["users.id"], name=op.f("fk_assignment_plans_proposed_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_assignment_plans_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_plans")),
    )
    op.create_index(op.f("ix_assignment_plans_municipality_id"), "assignment_plans", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_assignment_plans_school_id"), "assignment_plans", ["school_id"], unique=False)
    op.create_table(
        "auth_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_auth_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_sessions")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_auth_sessions_key_hash")),
    )
    op.create_index(op.f("ix_auth_sessions_user_id"), "auth_sessions", ["user_id"], unique=False)
    op.create_table(
        "bulk_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "move",
                "hold",
                "handover",
                "interview",
                name="bulkkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "queued",
                "running",
                "done",
                "withdrawn",
                name="bulkstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("n_able", sa.Integer(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_by_name", sa.String(length=200), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_name", sa.String(length=200), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["users.id"], name=op.f("fk_bulk_decisions_made_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_bulk_decisions_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_bulk_decisions_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_decisions")),
    )
    op.create_index(op.f("ix_bulk_decisions_made_by_id"), "bulk_decisions", ["made_by_id"], unique=False)
    op.create_index(op.f("ix_bulk_decisions_municipality_id"), "bulk_decisions", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_bulk_decisions_school_id"), "bulk_decisions", ["school_id"], unique=False)
    op.create_table(
        "calendar_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "event_add",
                "event_move",
                "event_remove",
                "entry_add",
                "entry_remove",
                name="changekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("row_id", sa.Integer(), nullable=True),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued", "applied", "failed", name="changestatus", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_name", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_calendar_changes_asked_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_calendar_changes_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_changes")),
    )
    op.create_index(op.f("ix_calendar_changes_municipality_id"), "calendar_changes", ["municipality_id"], unique=False)
    op.create_table(
        "cluster_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "approved",
                "replaced",
                name="clustersetstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("method", sa.JSON(), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("clusters", sa.JSON(), nullable=False),
        sa.Column("n_schools", sa.Integer(), nullable=False),
        sa.Column("n_clusters", sa.Integer(), nullable=False),
        sa.Column("n_left_out", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("proposed_by_name", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_name", sa.String(length=200), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status = 'proposed' OR approved_at IS NOT NULL", name=op.f("ck_cluster_sets_approved_has_moment")
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["users.id"], name=op.f("fk_cluster_sets_approved_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_cluster_sets_municipality_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["users.id"], name=op.f("fk_cluster_sets_proposed_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_cluster_sets_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_sets")),
    )
    op.create_index(op.f("ix_cluster_sets_municipality_id"), "cluster_sets", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_cluster_sets_school_id"), "cluster_sets", ["school_id"], unique=False)
    op.create_index(
        "uq_cluster_sets_approved",
        "cluster_sets",
        ["status"],
        unique=True,
        sqlite_where=sa.text("status = 'approved'"),
        postgresql_where=sa.text("status = 'approved'"),
    )
    op.create_table(
        "control_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "fixed",
                "withdrawn",
                name="controlgroupstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("frame", sa.JSON(), nullable=False),
        sa.Column("frame_sha256", sa.String(length=64), nullable=False),
        sa.Column("balance", sa.JSON(), nullable=False),
        sa.Column("n_eligible", sa.Integer(), nullable=False),
        sa.Column("n_members", sa.Integer(), nullable=False),
        sa.Column("drawn_by_id", sa.Integer(), nullable=True),
        sa.Column("drawn_by_name", sa.String(length=200), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=True),
        sa.Column("order_date", sa.Date(), nullable=True),
        sa.Column("markers", sa.Text(), nullable=True),
        sa.Column("staff", sa.Text(), nullable=True),
        sa.Column("fixed_by_id", sa.Integer(), nullable=True),
        sa.Column("fixed_by_name", sa.String(length=200), nullable=True),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("members_sha256", sa.String(length=64), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'fixed' OR (order_number IS NOT NULL AND order_date IS NOT NULL)",
            name=op.f("ck_control_groups_has_order"),
        ),
        sa.CheckConstraint(
            "status <> 'fixed' OR members_sha256 IS NOT NULL", name=op.f("ck_control_groups_fixed_has_hash")
        ),
        sa.ForeignKeyConstraint(["drawn_by_id"], ["users.id"], name=op.f("fk_control_groups_drawn_by_id")),
        sa.ForeignKeyConstraint(["fixed_by_id"], ["users.id"], name=op.f("fk_control_groups_fixed_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_control_groups_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_control_groups_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_groups")),
    )
    op.create_index(op.f("ix_control_groups_municipality_id"), "control_groups", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_control_groups_school_id"), "control_groups", ["school_id"], unique=False)
    op.create_table(
        "digests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued", "sent", "failed", name="digeststatus", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_digests_sent_has_moment")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_digests_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("user_id", "on", name=op.f("uq_digests_user_id_on")),
    )
    op.create_table(
        "feed_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feed_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_feed_keys_key_hash")),
    )
    op.create_index(
        "uq_feed_keys_alive",
        "feed_keys",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "mailboxes",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mailboxes_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_mailboxes")),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("grades", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("load_limit", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("load_limit IS NULL OR load_limit >= 0", name=op.f("ck_persons_load_limit_not_negative")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_persons_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_persons_school_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_persons_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("user_id", name=op.f("uq_persons_user_id")),
    )
    op.create_index(op.f("ix_persons_municipality_id"), "persons", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_persons_name"), "persons", ["name"], unique=False)
    op.create_index(op.f("ix_persons_school_id"), "persons", ["school_id"], unique=False)
    op.create_table(
        "programmes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("draft", "approved", name="programmestatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("template_id", sa.String(length=40), nullable=False),
        sa.Column("template_version", sa.String(length=20), nullable=False),
        sa.Column("template_sha256", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("agreed_by", sa.String(length=300), nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.String(length=300), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("drafted_by_id", sa.Integer(), nullable=True),
        sa.Column("drafted_by_name", sa.String(length=200), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status = 'draft' OR (number IS NOT NULL AND approved_by IS NOT NULL AND approved_on IS NOT NULL)",
            name=op.f("ck_programmes_approved_has_order"),
        ),
        sa.CheckConstraint("school_id IS NULL", name=op.f("ck_programmes_belongs_to_no_school")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["users.id"], name=op.f("fk_programmes_drafted_by_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_programmes_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_programmes_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programmes")),
    )
    op.create_index(op.f("ix_programmes_first_year"), "programmes", ["first_year"], unique=False)
    op.create_index(op.f("ix_programmes_municipality_id"), "programmes", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_programmes_school_id"), "programmes", ["school_id"], unique=False)
    op.create_table(
        "screening_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                name="runstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("stage", sa.String(length=200), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=True),
        sa.Column("started_by_name", sa.String(length=200), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=True),
        sa.Column("detector_versions", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("reference", sa.JSON(), nullable=False),
        sa.Column("tiers", sa.JSON(), nullable=False),
        sa.Column("is_trial", sa.Boolean(), nullable=False),
        sa.Column("judged_sha256", sa.String(length=64), nullable=True),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raised_by_name", sa.String(length=200), nullable=False),
        sa.Column("n_findings", sa.Integer(), nullable=False),
        sa.Column("n_flags", sa.Integer(), nullable=False),
        sa.Column("n_cases", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_screening_runs_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_screening_runs_school_id")),
        sa.ForeignKeyConstraint(["started_by_id"], ["users.id"], name=op.f("fk_screening_runs_started_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_runs")),
    )
    op.create_index(op.f("ix_screening_runs_municipality_id"), "screening_runs", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_screening_runs_school_id"), "screening_runs", ["school_id"], unique=False)
    op.create_index(op.f("ix_screening_runs_year"), "screening_runs", ["year"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=300), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "received",
                "previewed",
                "accepted",
                "rejected",
                "refused",
                name="uploadstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "works",
                "context",
                "federal_list",
                "report_marks",
                "report_scores",
                "report_items",
                "report_journal",
                "report_planned",
                "report_groups",
                "regional",
                "exams",
                name="filekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("layout", sa.String(length=60), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=10), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("pupil_grade", sa.Integer(), nullable=True),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_accepted", sa.Integer(), nullable=False),
        sa.Column("rows_rejected", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("n_problems", sa.Integer(), nullable=False),
        sa.Column("problem_counts", sa.JSON(), nullable=False),
        sa.Column("reading_sha256", sa.String(length=64), nullable=True),
        sa.Column("schools_sha256", sa.String(length=64), nullable=True),
        sa.Column("problems_sha256", sa.String(length=64), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=True),
        sa.Column("uploaded_by_name", sa.String(length=200), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_name", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'accepted' OR decided_at IS NOT NULL", name=op.f("ck_uploads_accepted_is_decided")
        ),
        sa.CheckConstraint("rows_read = rows_accepted + rows_rejected + absent", name=op.f("ck_uploads_counts_add_up")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_uploads_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_uploads_school_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["users.id"], name=op.f("fk_uploads_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_municipality_id"), "uploads", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_uploads_school_id"), "uploads", ["school_id"], unique=False)
    op.create_index(op.f("ix_uploads_sha256"), "uploads", ["sha256"], unique=False)
    op.create_table(
        "workflow_choices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "objectivity", "low_results", name="casekind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("chosen_by_id", sa.Integer(), nullable=True),
        sa.Column("chosen_by_name", sa.String(length=200), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chosen_by_id"], ["users.id"], name=op.f("fk_workflow_choices_chosen_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_workflow_choices_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_choices")),
    )
    op.create_index(op.f("ix_workflow_choices_municipality_id"), "workflow_choices", ["municipality_id"], unique=False)
    op.create_table(
        "workflow_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "objectivity", "low_results", name="casekind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "published",
                "retired",
                name="workflowstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("toml", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_by_name", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_name", sa.String(length=200), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'draft') = (published_at IS NULL)", name=op.f("ck_workflow_versions_published_has_moment")
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["users.id"], name=op.f("fk_workflow_versions_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_versions")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_workflow_versions_name_version")),
    )
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "vacation",
                "sick",
                "trip",
                "other_absence",
                name="absencereason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("substitute_id", sa.Integer(), nullable=True),
        sa.Column("wished_id", sa.Integer(), nullable=True),
        sa.Column("stated_by_id", sa.Integer(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "substitute_id IS NULL OR substitute_id <> person_id", name=op.f("ck_absences_substitute_is_another")
        ),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_absences_absence_period")),
        sa.CheckConstraint("wished_id IS NULL OR wished_id <> person_id", name=op.f("ck_absences_wished_is_another")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_absences_municipality_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_absences_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_absences_school_id")),
        sa.ForeignKeyConstraint(["stated_by_id"], ["users.id"], name=op.f("fk_absences_stated_by_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["persons.id"], name=op.f("fk_absences_substitute_id")),
        sa.ForeignKeyConstraint(["wished_id"], ["persons.id"], name=op.f("fk_absences_wished_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index(op.f("ix_absences_municipality_id"), "absences", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_absences_person_id"), "absences", ["person_id"], unique=False)
    op.create_index(op.f("ix_absences_school_id"), "absences", ["school_id"], unique=False)
    op.create_index(op.f("ix_absences_substitute_id"), "absences", ["substitute_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "objectivity", "low_results", name="casekind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("workflow", sa.String(length=40), nullable=False),
        sa.Column("workflow_version", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum(
                "none",
                "watch",
                "case",
                "severe",
                "too_small",
                name="tier",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(
                "not_confirmed",
                "confirmed",
                "dismissed",
                "improved",
                "not_improved",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("curator_id", sa.Integer(), nullable=True),
        sa.Column("curator_name", sa.String(length=200), nullable=True),
        sa.Column("episode_of_id", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_cases_closed_has_moment")),
        sa.CheckConstraint("(state = 'closed') = (verdict IS NOT NULL)", name=op.f("ck_cases_closed_has_verdict")),
        sa.ForeignKeyConstraint(["curator_id"], ["users.id"], name=op.f("fk_cases_curator_id")),
        sa.ForeignKeyConstraint(["episode_of_id"], ["cases.id"], name=op.f("fk_cases_episode_of_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_cases_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_cases_school_id")),
        sa.ForeignKeyConstraint(
            ["workflow", "workflow_version"],
            ["workflow_versions.name", "workflow_versions.version"],
            name=op.f("fk_cases_workflow_workflow_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index(op.f("ix_cases_curator_id"), "cases", ["curator_id"], unique=False)
    op.create_index(op.f("ix_cases_due_on"), "cases", ["due_on"], unique=False)
    op.create_index(op.f("ix_cases_episode_of_id"), "cases", ["episode_of_id"], unique=False)
    op.create_index(op.f("ix_cases_municipality_id"), "cases", ["municipality_id"], unique=False)
    op.create_index("ix_cases_municipality_state", "cases", ["municipality_id", "state", "id"], unique=False)
    op.create_index(op.f("ix_cases_school_id"), "cases", ["school_id"], unique=False)
    op.create_index("ix_cases_state_evidence", "cases", ["state", "evidence", "id"], unique=False)
    op.create_index(
        "uq_cases_open_school",
        "cases",
        ["school_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "cluster_memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("n_missing", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_cluster_memberships_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_cluster_memberships_school_id")),
        sa.ForeignKeyConstraint(["set_id"], ["cluster_sets.id"], name=op.f("fk_cluster_memberships_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_memberships")),
        sa.UniqueConstraint("set_id", "school_id", name=op.f("uq_cluster_memberships_set_id_school_id")),
    )
    op.create_index(
        op.f("ix_cluster_memberships_municipality_id"), "cluster_memberships", ["municipality_id"], unique=False
    )
    op.create_index(op.f("ix_cluster_memberships_school_id"), "cluster_memberships", ["school_id"], unique=False)
    op.create_index(op.f("ix_cluster_memberships_set_id"), "cluster_memberships", ["set_id"], unique=False)
    op.create_table(
        "control_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column(
            "origin",
            sa.Enum("drawn", "added", name="memberorigin", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_by_name", sa.String(length=200), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by_name", sa.String(length=200), nullable=True),
        sa.Column("removal_reason", sa.Text(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removal_reason IS NULL)", name=op.f("ck_control_members_removed_has_reason")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["control_groups.id"], name=op.f("fk_control_members_group_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_control_members_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_control_members_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_members")),
        sa.UniqueConstraint("group_id", "school_id", name=op.f("uq_control_members_group_id_school_id")),
    )
    op.create_index(op.f("ix_control_members_group_id"), "control_members", ["group_id"], unique=False)
    op.create_index(op.f("ix_control_members_municipality_id"), "control_members", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_control_members_school_id"), "control_members", ["school_id"], unique=False)
    op.create_table(
        "datasets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "works",
                "context",
                "federal_list",
                "report_marks",
                "report_scores",
                "report_items",
                "report_journal",
                "report_planned",
                "report_groups",
                "regional",
                "exams",
                name="filekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "procedure",
            sa.Enum("vpr", "kdr", "rdr", name="procedure", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=10), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("pupil_grade", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("n_schools", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by_id", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_datasets_municipality_id")),
        sa.ForeignKeyConstraint(["replaced_by_id"], ["datasets.id"], name=op.f("fk_datasets_replaced_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_datasets_school_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_datasets_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_datasets_upload_id")),
    )
    op.create_index(op.f("ix_datasets_municipality_id"), "datasets", ["municipality_id"], unique=False)
    op.create_index("ix_datasets_paper", "datasets", ["kind", "year", "subject", "grade"], unique=False)
    op.create_index(op.f("ix_datasets_school_id"), "datasets", ["school_id"], unique=False)
    op.create_table(
        "declarations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("person_name", sa.String(length=200), nullable=False),
        sa.Column("has_conflict", sa.Boolean(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("computed", sa.JSON(), nullable=False),
        sa.Column("rules_version", sa.String(length=20), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_declarations_municipality_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_declarations_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_declarations_school_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_declarations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declarations")),
    )
    op.create_index(op.f("ix_declarations_municipality_id"), "declarations", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_declarations_person_id"), "declarations", ["person_id"], unique=False)
    op.create_index(op.f("ix_declarations_school_id"), "declarations", ["school_id"], unique=False)
    op.create_index("ix_declarations_user_school", "declarations", ["user_id", "school_id"], unique=False)
    op.create_table(
        "due_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column(
            "following",
            sa.Enum(
                "moved",
                "pinned",
                "done",
                "orphaned",
                name="following",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("old_on", sa.Date(), nullable=True),
        sa.Column("new_on", sa.Date(), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["calendar_changes.id"], name=op.f("fk_due_moves_change_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_due_moves_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_due_moves_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_moves")),
    )
    op.create_index(op.f("ix_due_moves_change_id"), "due_moves", ["change_id"], unique=False)
    op.create_index(op.f("ix_due_moves_municipality_id"), "due_moves", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_due_moves_school_id"), "due_moves", ["school_id"], unique=False)
    op.create_index("ix_due_moves_subject", "due_moves", ["subject", "subject_id"], unique=False)
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=10), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("detector", sa.String(length=40), nullable=False),
        sa.Column(
            "family",
            sa.Enum(
                "boundary",
                "level",
                "pattern",
                "journal",
                "attendance",
                "federal",
                "hygiene",
                "history",
                name="family",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("statistic", sa.Double(), nullable=True),
        sa.Column("effect", sa.Double(), nullable=True),
        sa.Column("effect_unit", sa.String(length=20), nullable=True),
        sa.Column("effect_low", sa.Double(), nullable=True),
        sa.Column("effect_high", sa.Double(), nullable=True),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("q_value", sa.Double(), nullable=True),
        sa.Column(
            "level",
            sa.Enum(
                "none",
                "indicative",
                "approximate",
                "full",
                name="findinglevel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "assessed", "not_assessed", name="findingoutcome", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "outcome <> 'not_assessed' OR reason IS NOT NULL", name=op.f("ck_findings_not_assessed_has_reason")
        ),
        sa.CheckConstraint(
            "p_value IS NULL OR (p_value >= 0 AND p_value <= 1)", name=op.f("ck_findings_p_value_is_probability")
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_findings_municipality_id")),
        sa.ForeignKeyConstraint(["run_id"], ["screening_runs.id"], name=op.f("fk_findings_run_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_findings_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_municipality_id"), "findings", ["municipality_id"], unique=False)
    op.create_index("ix_findings_run_school", "findings", ["run_id", "school_id"], unique=False)
    op.create_index(op.f("ix_findings_school_id"), "findings", ["school_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "moved",
                "given",
                "taken",
                "asked",
                "answered",
                "due_soon",
                "overdue",
                "escalated",
                "not_happened",
                "changed",
                "absence",
                "lost",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("text_ru", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("href", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name=op.f("fk_notices_digest_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_notices_user_id_key")),
    )
    op.create_index(op.f("ix_notices_digest_id"), "notices", ["digest_id"], unique=False)
    op.create_index("ix_notices_unread", "notices", ["user_id", "read_at", "id"], unique=False)
    op.create_table(
        "person_duties",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "duty",
            sa.Enum("curator", "observer", "expert", name="duty", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "until IS NULL OR since IS NULL OR until >= since", name=op.f("ck_person_duties_duty_period")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_person_duties_municipality_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_duties_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_person_duties_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_duties")),
    )
    op.create_index(op.f("ix_person_duties_municipality_id"), "person_duties", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_person_duties_person_id"), "person_duties", ["person_id"], unique=False)
    op.create_index(op.f("ix_person_duties_school_id"), "person_duties", ["school_id"], unique=False)
    op.create_table(
        "person_posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "head",
                "deputy",
                "coordinator",
                "teacher",
                "methodist",
                "department",
                "other",
                name="postkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("workplace_id", sa.Integer(), nullable=True),
        sa.Column("organisation", sa.String(length=400), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "until IS NULL OR since IS NULL OR until >= since", name=op.f("ck_person_posts_post_period")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_person_posts_municipality_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_posts_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_person_posts_school_id")),
        sa.ForeignKeyConstraint(["workplace_id"], ["schools.id"], name=op.f("fk_person_posts_workplace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_posts")),
    )
    op.create_index(op.f("ix_person_posts_municipality_id"), "person_posts", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_person_posts_person_id"), "person_posts", ["person_id"], unique=False)
    op.create_index(op.f("ix_person_posts_school_id"), "person_posts", ["school_id"], unique=False)
    op.create_index(op.f("ix_person_posts_workplace_id"), "person_posts", ["workplace_id"], unique=False)
    op.create_table(
        "person_relations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "own_school",
                "former_school",
                "mutual_curation",
                "relative",
                "own_child",
                "own_marking",
                "manual",
                name="conflictkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("related_school_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=10), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("stated_by_id", sa.Integer(), nullable=True),
        sa.Column("stated_by_name", sa.String(length=200), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sa.String(length=1000), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_person_relations_municipality_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_relations_person_id")),
        sa.ForeignKeyConstraint(
            ["related_school_id"], ["schools.id"], name=op.f("fk_person_relations_related_school_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_person_relations_school_id")),
        sa.ForeignKeyConstraint(["stated_by_id"], ["users.id"], name=op.f("fk_person_relations_stated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_relations")),
    )
    op.create_index(op.f("ix_person_relations_municipality_id"), "person_relations", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_person_relations_person_id"), "person_relations", ["person_id"], unique=False)
    op.create_index(
        op.f("ix_person_relations_related_school_id"), "person_relations", ["related_school_id"], unique=False
    )
    op.create_index(op.f("ix_person_relations_school_id"), "person_relations", ["school_id"], unique=False)
    op.create_table(
        "programme_measures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "regulation",
                "analysis",
                "event",
                "training",
                "conduct",
                "recheck",
                "control",
                "decision",
                "support",
                "outreach",
                "publication",
                "register",
                "other",
                name="taskkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("when_note", sa.String(length=300), nullable=False),
        sa.Column("year_shift", sa.Integer(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("is_outside", sa.Boolean(), nullable=False),
        sa.Column("of_template", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("left_out_reason", sa.Text(), nullable=True),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("responsible_name", sa.String(length=300), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_programme_measures_municipality_id")
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_programme_measures_programme_id")),
        sa.ForeignKeyConstraint(["responsible_id"], ["users.id"], name=op.f("fk_programme_measures_responsible_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_programme_measures_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_measures")),
        sa.UniqueConstraint("programme_id", "number", name=op.f("uq_programme_measures_programme_id_number")),
    )
    op.create_index(
        op.f("ix_programme_measures_municipality_id"), "programme_measures", ["municipality_id"], unique=False
    )
    op.create_index(op.f("ix_programme_measures_programme_id"), "programme_measures", ["programme_id"], unique=False)
    op.create_index(
        op.f("ix_programme_measures_responsible_id"), "programme_measures", ["responsible_id"], unique=False
    )
    op.create_index(op.f("ix_programme_measures_school_id"), "programme_measures", ["school_id"], unique=False)
    op.create_table(
        "trainings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(length=300), nullable=False),
        sa.Column(
            "duty",
            sa.Enum("curator", "observer", "expert", name="duty", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("certificate", sa.String(length=80), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("hours IS NULL OR hours > 0", name=op.f("ck_trainings_training_hours")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= issued_on", name=op.f("ck_trainings_training_period")
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_trainings_municipality_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_trainings_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_trainings_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainings")),
    )
    op.create_index(op.f("ix_trainings_municipality_id"), "trainings", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_trainings_person_id"), "trainings", ["person_id"], unique=False)
    op.create_index(op.f("ix_trainings_school_id"), "trainings", ["school_id"], unique=False)
    op.create_table(
        "workflow_migrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "done",
                "undoing",
                "undone",
                "failed",
                name="migrationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_name", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by_name", sa.String(length=200), nullable=True),
        sa.Column("undo_reason", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_workflow_migrations_asked_by_id")),
        sa.ForeignKeyConstraint(["from_id"], ["workflow_versions.id"], name=op.f("fk_workflow_migrations_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["workflow_versions.id"], name=op.f("fk_workflow_migrations_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_migrations")),
    )
    op.create_table(
        "admin_measures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "remark",
                "reprimand",
                "other",
                name="adminmeasurekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("addressee", sa.String(length=200), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_admin_measures_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_admin_measures_municipality_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["users.id"], name=op.f("fk_admin_measures_recorded_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_admin_measures_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_measures")),
    )
    op.create_index("ix_admin_measures_case_id", "admin_measures", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_admin_measures_municipality_id"), "admin_measures", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_admin_measures_school_id"), "admin_measures", ["school_id"], unique=False)
    op.create_table(
        "bulk_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("expected_version", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unable",
                "waiting",
                "done",
                "changed",
                "refused",
                "restored",
                "kept",
                "called_off",
                name="bulkrowstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("made", sa.JSON(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_bulk_rows_case_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["bulk_decisions.id"], name=op.f("fk_bulk_rows_decision_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_bulk_rows_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_bulk_rows_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_rows")),
        sa.UniqueConstraint("decision_id", "case_id", name=op.f("uq_bulk_rows_decision_id_case_id")),
    )
    op.create_index(op.f("ix_bulk_rows_case_id"), "bulk_rows", ["case_id"], unique=False)
    op.create_index("ix_bulk_rows_decision_status", "bulk_rows", ["decision_id", "status"], unique=False)
    op.create_index(op.f("ix_bulk_rows_municipality_id"), "bulk_rows", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_bulk_rows_school_id"), "bulk_rows", ["school_id"], unique=False)
    op.create_table(
        "case_documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("programme_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "signs_notice",
                "interview_protocol",
                "recommendations",
                "school_road_map",
                "programme",
                "programme_report",
                "keep_works",
                name="documentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("source_key", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(case_id IS NULL) <> (programme_id IS NULL)", name=op.f("ck_case_documents_of_one_subject")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_documents_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_case_documents_municipality_id")
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_case_documents_programme_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_case_documents_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_documents")),
        sa.UniqueConstraint("kind", "source_key", name=op.f("uq_case_documents_kind_source_key")),
    )
    op.create_index("ix_case_documents_case_id", "case_documents", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_case_documents_municipality_id"), "case_documents", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_case_documents_programme_id"), "case_documents", ["programme_id"], unique=False)
    op.create_index(op.f("ix_case_documents_school_id"), "case_documents", ["school_id"], unique=False)
    op.create_table(
        "case_episodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("episode_of_id", sa.Integer(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum(
                "by_hand", "next_cycle", name="episodeorigin", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("carried", sa.JSON(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=True),
        sa.Column("opened_by_name", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_episodes_case_id")),
        sa.ForeignKeyConstraint(["episode_of_id"], ["cases.id"], name=op.f("fk_case_episodes_episode_of_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_case_episodes_municipality_id")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["users.id"], name=op.f("fk_case_episodes_opened_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_case_episodes_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_episodes")),
        sa.UniqueConstraint("case_id", name=op.f("uq_case_episodes_case_id")),
    )
    op.create_index(op.f("ix_case_episodes_episode_of_id"), "case_episodes", ["episode_of_id"], unique=False)
    op.create_index(op.f("ix_case_episodes_municipality_id"), "case_episodes", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_case_episodes_school_id"), "case_episodes", ["school_id"], unique=False)
    op.create_table(
        "case_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=False),
        sa.Column("to_state", sa.String(length=40), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_case_events_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_case_events_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_case_events_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
        sa.UniqueConstraint("case_id", "seq", name=op.f("uq_case_events_case_id_seq")),
        sa.UniqueConstraint("request_id", name=op.f("uq_case_events_request_id")),
    )
    op.create_index(op.f("ix_case_events_municipality_id"), "case_events", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_case_events_school_id"), "case_events", ["school_id"], unique=False)
    op.create_table(
        "case_hand_overs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "accepted",
                "done",
                "declined",
                "expired",
                "withdrawn",
                name="handoverstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("from_id", sa.Integer(), nullable=True),
        sa.Column("from_name", sa.String(length=200), nullable=True),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("to_name", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("needs_order", sa.Boolean(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("proposed_by_name", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("no_conflict_declared", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "status NOT IN ('done', 'declined') OR answered_at IS NOT NULL",
            name=op.f("ck_case_hand_overs_answered_has_moment"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_hand_overs_case_id")),
        sa.ForeignKeyConstraint(["from_id"], ["users.id"], name=op.f("fk_case_hand_overs_from_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_case_hand_overs_municipality_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["users.id"], name=op.f("fk_case_hand_overs_proposed_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_case_hand_overs_school_id")),
        sa.ForeignKeyConstraint(["to_id"], ["users.id"], name=op.f("fk_case_hand_overs_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_hand_overs")),
    )
    op.create_index("ix_case_hand_overs_case_id", "case_hand_overs", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_case_hand_overs_municipality_id"), "case_hand_overs", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_case_hand_overs_school_id"), "case_hand_overs", ["school_id"], unique=False)
    op.create_index(op.f("ix_case_hand_overs_to_id"), "case_hand_overs", ["to_id"], unique=False)
    op.create_index(
        "uq_case_hand_overs_open",
        "case_hand_overs",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('proposed', 'accepted')"),
        postgresql_where=sa.text("status IN ('proposed', 'accepted')"),
    )
    op.create_table(
        "case_pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum("hold", "question", name="pausecause", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=True),
        sa.Column("started_by_name", sa.String(length=200), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_by_name", sa.String(length=200), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_case_pauses_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_pauses_case_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["users.id"], name=op.f("fk_case_pauses_ended_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_case_pauses_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_case_pauses_school_id")),
        sa.ForeignKeyConstraint(["started_by_id"], ["users.id"], name=op.f("fk_case_pauses_started_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_pauses")),
    )
    op.create_index("ix_case_pauses_case_id", "case_pauses", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_case_pauses_municipality_id"), "case_pauses", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_case_pauses_school_id"), "case_pauses", ["school_id"], unique=False)
    op.create_index(op.f("ix_case_pauses_until_on"), "case_pauses", ["until_on"], unique=False)
    op.create_index(
        "uq_case_pauses_open",
        "case_pauses",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "closure_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "confirmed",
                "watched",
                "reopened",
                name="closurecheckoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_closure_checks_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_closure_checks_municipality_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["screening_runs.id"], name=op.f("fk_closure_checks_run_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_closure_checks_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure_checks")),
        sa.UniqueConstraint("case_id", "run_id", name=op.f("uq_closure_checks_case_id_run_id")),
    )
    op.create_index("ix_closure_checks_case_id", "closure_checks", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_closure_checks_municipality_id"), "closure_checks", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_closure_checks_school_id"), "closure_checks", ["school_id"], unique=False)
    op.create_table(
        "conclusions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "not_confirmed",
                "confirmed",
                "dismissed",
                "improved",
                "not_improved",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_by_name", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_conclusions_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_conclusions_municipality_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["users.id"], name=op.f("fk_conclusions_proposed_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_conclusions_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conclusions")),
    )
    op.create_index("ix_conclusions_case_id", "conclusions", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_conclusions_municipality_id"), "conclusions", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_conclusions_school_id"), "conclusions", ["school_id"], unique=False)
    op.create_table(
        "curator_orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("curator_id", sa.Integer(), nullable=False),
        sa.Column("curator_name", sa.String(length=200), nullable=False),
        sa.Column("workplace", sa.String(length=400), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("no_conflict_declared", sa.Boolean(), nullable=False),
        sa.Column("issued_by_id", sa.Integer(), nullable=True),
        sa.Column("issued_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_curator_orders_case_id")),
        sa.ForeignKeyConstraint(["curator_id"], ["users.id"], name=op.f("fk_curator_orders_curator_id")),
        sa.ForeignKeyConstraint(["issued_by_id"], ["users.id"], name=op.f("fk_curator_orders_issued_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_curator_orders_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_curator_orders_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_curator_orders")),
    )
    op.create_index("ix_curator_orders_case_id", "curator_orders", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_curator_orders_curator_id"), "curator_orders", ["curator_id"], unique=False)
    op.create_index(op.f("ix_curator_orders_municipality_id"), "curator_orders", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_curator_orders_school_id"), "curator_orders", ["school_id"], unique=False)
    op.create_table(
        "deadlines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("responsible", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_name", sa.String(length=200), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("occurrence", sa.String(length=80), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("pinned_reason", sa.Text(), nullable=True),
        sa.Column("lost_change_id", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("is_pinned = (pinned_reason IS NOT NULL)", name=op.f("ck_deadlines_pinned_has_reason")),
        sa.CheckConstraint(
            "starts_on IS NULL OR due_on IS NULL OR starts_on <= due_on", name=op.f("ck_deadlines_starts_before_due")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_deadlines_case_id")),
        sa.ForeignKeyConstraint(["lost_change_id"], ["calendar_changes.id"], name=op.f("fk_deadlines_lost_change_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_deadlines_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_deadlines_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
    )
    op.create_index(op.f("ix_deadlines_case_id"), "deadlines", ["case_id"], unique=False)
    op.create_index(op.f("ix_deadlines_due_on"), "deadlines", ["due_on"], unique=False)
    op.create_index(op.f("ix_deadlines_municipality_id"), "deadlines", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_deadlines_school_id"), "deadlines", ["school_id"], unique=False)
    op.create_table(
        "dynamics_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column(
            "dynamics",
            sa.Enum(
                "positive",
                "not_positive",
                "unknown",
                name="dynamics",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_dynamics_reviews_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_dynamics_reviews_municipality_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["users.id"], name=op.f("fk_dynamics_reviews_recorded_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_dynamics_reviews_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dynamics_reviews")),
        sa.UniqueConstraint("case_id", "period", name=op.f("uq_dynamics_reviews_case_id_period")),
    )
    op.create_index("ix_dynamics_reviews_case_id", "dynamics_reviews", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_dynamics_reviews_municipality_id"), "dynamics_reviews", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_dynamics_reviews_school_id"), "dynamics_reviews", ["school_id"], unique=False)
    op.create_table(
        "federal_markers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("markers", sa.JSON(), nullable=False),
        sa.Column("n_markers", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_federal_markers_dataset_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_federal_markers_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_federal_markers_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_federal_markers")),
    )
    op.create_index(op.f("ix_federal_markers_dataset_id"), "federal_markers", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_federal_markers_municipality_id"), "federal_markers", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_federal_markers_school_id"), "federal_markers", ["school_id"], unique=False)
    op.create_table(
        "flags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum(
                "none",
                "watch",
                "case",
                "severe",
                "too_small",
                name="tier",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence", sa.Double(), nullable=False),
        sa.Column("p_combined", sa.Double(), nullable=True),
        sa.Column("q", sa.Double(), nullable=True),
        sa.Column("families", sa.String(length=200), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.Column("frozen_sha256", sa.String(length=64), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_flags_case_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_flags_municipality_id")),
        sa.ForeignKeyConstraint(["run_id"], ["screening_runs.id"], name=op.f("fk_flags_run_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_flags_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
        sa.UniqueConstraint("run_id", "school_id", name=op.f("uq_flags_run_id_school_id")),
    )
    op.create_index(op.f("ix_flags_case_id"), "flags", ["case_id"], unique=False)
    op.create_index(op.f("ix_flags_municipality_id"), "flags", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_flags_school_id"), "flags", ["school_id"], unique=False)
    op.create_table(
        "inbox_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_inbox_notes_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_inbox_notes_municipality_id")
        ),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_inbox_notes_outbox_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_inbox_notes_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_notes")),
        sa.UniqueConstraint("outbox_id", name=op.f("uq_inbox_notes_outbox_id")),
    )
    op.create_index(op.f("ix_inbox_notes_case_id"), "inbox_notes", ["case_id"], unique=False)
    op.create_index(op.f("ix_inbox_notes_municipality_id"), "inbox_notes", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_inbox_notes_school_id"), "inbox_notes", ["school_id"], unique=False)
    op.create_table(
        "interviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("present", sa.JSON(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("documents_shown", sa.JSON(), nullable=False),
        sa.Column("agreed", sa.JSON(), nullable=False),
        sa.Column("needs_curator", sa.Boolean(), nullable=False),
        sa.Column("needs_observers", sa.Boolean(), nullable=False),
        sa.Column("needs_recheck", sa.Boolean(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_interviews_case_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_interviews_municipality_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["users.id"], name=op.f("fk_interviews_recorded_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_interviews_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interviews")),
    )
    op.create_index("ix_interviews_case_id", "interviews", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_interviews_municipality_id"), "interviews", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_interviews_school_id"), "interviews", ["school_id"], unique=False)
    op.create_table(
        "low_results_flags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("n_signs", sa.Integer(), nullable=False),
        sa.Column("strength", sa.Double(), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.Column("frozen_sha256", sa.String(length=64), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by_name", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("n_signs > 0", name=op.f("ck_low_results_flags_has_signs")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_low_results_flags_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_low_results_flags_municipality_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["screening_runs.id"], name=op.f("fk_low_results_flags_run_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_low_results_flags_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_low_results_flags")),
        sa.UniqueConstraint("run_id", "school_id", name=op.f("uq_low_results_flags_run_id_school_id")),
    )
    op.create_index(op.f("ix_low_results_flags_case_id"), "low_results_flags", ["case_id"], unique=False)
    op.create_index(
        op.f("ix_low_results_flags_municipality_id"), "low_results_flags", ["municipality_id"], unique=False
    )
    op.create_index(op.f("ix_low_results_flags_run_id"), "low_results_flags", ["run_id"], unique=False)
    op.create_index(op.f("ix_low_results_flags_school_id"), "low_results_flags", ["school_id"], unique=False)
    op.create_table(
        "mentoring_pairs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("schools", "teachers", name="mentoringkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum("active", "ended", name="mentoringstatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("mentor_school_id", sa.Integer(), nullable=True),
        sa.Column("mentor_place", sa.String(length=400), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=10), nullable=True),
        sa.Column("mentor_person_id", sa.Integer(), nullable=True),
        sa.Column("mentor_name", sa.String(length=200), nullable=False),
        sa.Column("mentor_post", sa.String(length=200), nullable=False),
        sa.Column("mentee_person_id", sa.Integer(), nullable=True),
        sa.Column("mentee_name", sa.String(length=200), nullable=False),
        sa.Column("mentee_post", sa.String(length=200), nullable=False),
        sa.Column("goals", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("made_by_name", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'ended') = (outcome IS NOT NULL)", name=op.f("ck_mentoring_pairs_ended_has_outcome")
        ),
        sa.CheckConstraint(
            "kind <> 'teachers' OR (mentor_person_id IS NOT NULL AND mentee_person_id IS NOT NULL)",
            name=op.f("ck_mentoring_pairs_teachers_are_people"),
        ),
        sa.CheckConstraint(
            "kind <> 'teachers' OR subject IS NOT NULL", name=op.f("ck_mentoring_pairs_teachers_have_subject")
        ),
        sa.CheckConstraint(
            "kind = 'teachers' OR (mentor_school_id IS NOT NULL AND mentor_school_id <> school_id)",
            name=op.f("ck_mentoring_pairs_two_schools"),
        ),
        sa.CheckConstraint(
            "mentor_person_id IS NULL OR mentee_person_id IS NULL OR mentor_person_id <> mentee_person_id",
            name=op.f("ck_mentoring_pairs_two_people"),
        ),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_mentoring_pairs_starts_before_end")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_mentoring_pairs_case_id")),
        sa.ForeignKeyConstraint(["mentee_person_id"], ["persons.id"], name=op.f("fk_mentoring_pairs_mentee_person_id")),
        sa.ForeignKeyConstraint(["mentor_person_id"], ["persons.id"], name=op.f("fk_mentoring_pairs_mentor_person_id")),
        sa.ForeignKeyConstraint(["mentor_school_id"], ["schools.id"], name=op.f("fk_mentoring_pairs_mentor_school_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_mentoring_pairs_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_mentoring_pairs_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_pairs")),
    )
    op.create_index(op.f("ix_mentoring_pairs_case_id"), "mentoring_pairs", ["case_id"], unique=False)
    op.create_index(op.f("ix_mentoring_pairs_mentee_person_id"), "mentoring_pairs", ["mentee_person_id"], unique=False)
    op.create_index(op.f("ix_mentoring_pairs_mentor_person_id"), "mentoring_pairs", ["mentor_person_id"], unique=False)
    op.create_index(op.f("ix_mentoring_pairs_mentor_school_id"), "mentoring_pairs", ["mentor_school_id"], unique=False)
    op.create_index(op.f("ix_mentoring_pairs_municipality_id"), "mentoring_pairs", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_mentoring_pairs_school_id"), "mentoring_pairs", ["school_id"], unique=False)
    op.create_table(
        "migrated_cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("migration_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=False),
        sa.Column("to_state", sa.String(length=40), nullable=True),
        sa.Column("expected_version", sa.Integer(), nullable=False),
        sa.Column("version_after", sa.Integer(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "waiting",
                "moved",
                "unmapped",
                "changed",
                "called_off",
                "returned",
                "kept",
                name="migratedoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_migrated_cases_case_id")),
        sa.ForeignKeyConstraint(
            ["migration_id"], ["workflow_migrations.id"], name=op.f("fk_migrated_cases_migration_id")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_migrated_cases_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_migrated_cases_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_migrated_cases")),
        sa.UniqueConstraint("migration_id", "case_id", name=op.f("uq_migrated_cases_migration_id_case_id")),
    )
    op.create_index(op.f("ix_migrated_cases_case_id"), "migrated_cases", ["case_id"], unique=False)
    op.create_index(
        "ix_migrated_cases_migration_outcome", "migrated_cases", ["migration_id", "outcome", "case_id"], unique=False
    )
    op.create_index(op.f("ix_migrated_cases_municipality_id"), "migrated_cases", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_migrated_cases_school_id"), "migrated_cases", ["school_id"], unique=False)
    op.create_table(
        "objective_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "ground",
            sa.Enum(
                "clean",
                "recheck",
                "control",
                "observed",
                "exam",
                "manual",
                name="objectiveground",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_name", sa.String(length=200), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)",
            name=op.f("ck_objective_entries_withdrawn_has_reason"),
        ),
        sa.CheckConstraint("school_id IS NOT NULL", name=op.f("ck_objective_entries_has_school")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_objective_entries_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_objective_entries_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_objective_entries_municipality_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["users.id"], name=op.f("fk_objective_entries_recorded_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_objective_entries_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objective_entries")),
    )
    op.create_index(
        op.f("ix_objective_entries_municipality_id"), "objective_entries", ["municipality_id"], unique=False
    )
    op.create_index(op.f("ix_objective_entries_school_id"), "objective_entries", ["school_id"], unique=False)
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("observer_id", sa.Integer(), nullable=False),
        sa.Column("observer_name", sa.String(length=200), nullable=False),
        sa.Column("observer_workplace", sa.String(length=400), nullable=False),
        sa.Column("trained_until", sa.Date(), nullable=True),
        sa.Column("subject", sa.String(length=10), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("scheduled_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "scheduled",
                "done",
                "cancelled",
                name="visitstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("act_number", sa.String(length=40), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("violations", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status <> 'done' OR act_number IS NOT NULL", name=op.f("ck_observations_done_has_act")),
        sa.CheckConstraint("status <> 'done' OR held_on IS NOT NULL", name=op.f("ck_observations_done_has_day")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_observations_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_observations_municipality_id")
        ),
        sa.ForeignKeyConstraint(["observer_id"], ["users.id"], name=op.f("fk_observations_observer_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_observations_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
    )
    op.create_index("ix_observations_case_id", "observations", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_observations_municipality_id"), "observations", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_observations_observer_id"), "observations", ["observer_id"], unique=False)
    op.create_index(op.f("ix_observations_school_id"), "observations", ["school_id"], unique=False)
    op.create_table(
        "plan_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("need", sa.String(length=60), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column(
            "duty",
            sa.Enum("curator", "observer", "expert", name="duty", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=10), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("person_name", sa.String(length=200), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "unserved",
                "applied",
                "refused",
                name="planrowstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status = 'unserved' OR person_id IS NOT NULL", name=op.f("ck_plan_rows_served_has_person")),
        sa.CheckConstraint("is_pinned = false OR person_id IS NOT NULL", name=op.f("ck_plan_rows_pinned_has_person")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_plan_rows_case_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_plan_rows_municipality_id")),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_plan_rows_person_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["assignment_plans.id"], name=op.f("fk_plan_rows_plan_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_plan_rows_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_rows")),
        sa.UniqueConstraint("plan_id", "need", "seat", name=op.f("uq_plan_rows_plan_id_need_seat")),
    )
    op.create_index(op.f("ix_plan_rows_case_id"), "plan_rows", ["case_id"], unique=False)
    op.create_index(op.f("ix_plan_rows_municipality_id"), "plan_rows", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_plan_rows_person_id"), "plan_rows", ["person_id"], unique=False)
    op.create_index(op.f("ix_plan_rows_plan_id"), "plan_rows", ["plan_id"], unique=False)
    op.create_index(op.f("ix_plan_rows_school_id"), "plan_rows", ["school_id"], unique=False)
    op.create_table(
        "preservation_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("requested_by_name", sa.String(length=200), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("requested_on <= keep_until", name=op.f("ck_preservation_requests_asked_before_the_end")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_preservation_requests_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_preservation_requests_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_preservation_requests_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preservation_requests")),
    )
    op.create_index(op.f("ix_preservation_requests_case_id"), "preservation_requests", ["case_id"], unique=False)
    op.create_index(
        op.f("ix_preservation_requests_municipality_id"), "preservation_requests", ["municipality_id"], unique=False
    )
    op.create_index(op.f("ix_preservation_requests_school_id"), "preservation_requests", ["school_id"], unique=False)
    op.create_table(
        "programme_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.Integer(), nullable=False),
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("occurrence", sa.String(length=80), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("pinned_reason", sa.Text(), nullable=True),
        sa.Column("lost_change_id", sa.Integer(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "planned", "done", "waived", name="taskstatus", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("link", sa.String(length=1000), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=300), nullable=True),
        sa.Column("n_people", sa.Integer(), nullable=True),
        sa.Column("waived_reason", sa.Text(), nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.Column("settled_by_name", sa.String(length=200), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'waived') = (waived_reason IS NOT NULL)", name=op.f("ck_programme_tasks_waived_has_reason")
        ),
        sa.CheckConstraint(
            "status <> 'done' OR (done_on IS NOT NULL AND (note <> '' OR link IS NOT NULL OR file_sha256 IS NOT NULL))",
            name=op.f("ck_programme_tasks_done_has_evidence"),
        ),
        sa.CheckConstraint(
            "(file_sha256 IS NULL) = (file_name IS NULL)", name=op.f("ck_programme_tasks_file_has_name")
        ),
        sa.CheckConstraint(
            "is_pinned = (pinned_reason IS NOT NULL)", name=op.f("ck_programme_tasks_pinned_has_reason")
        ),
        sa.CheckConstraint("n_people IS NULL OR n_people >= 0", name=op.f("ck_programme_tasks_people_not_negative")),
        sa.CheckConstraint(
            "starts_on IS NULL OR due_on IS NULL OR starts_on <= due_on",
            name=op.f("ck_programme_tasks_starts_before_due"),
        ),
        sa.ForeignKeyConstraint(
            ["lost_change_id"], ["calendar_changes.id"], name=op.f("fk_programme_tasks_lost_change_id")
        ),
        sa.ForeignKeyConstraint(["measure_id"], ["programme_measures.id"], name=op.f("fk_programme_tasks_measure_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_programme_tasks_municipality_id")
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_programme_tasks_programme_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_programme_tasks_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_tasks")),
        sa.UniqueConstraint("measure_id", "slot", name=op.f("uq_programme_tasks_measure_id_slot")),
    )
    op.create_index("ix_programme_tasks_due", "programme_tasks", ["status", "due_on"], unique=False)
    op.create_index(op.f("ix_programme_tasks_due_on"), "programme_tasks", ["due_on"], unique=False)
    op.create_index(op.f("ix_programme_tasks_measure_id"), "programme_tasks", ["measure_id"], unique=False)
    op.create_index(op.f("ix_programme_tasks_municipality_id"), "programme_tasks", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_programme_tasks_programme_id"), "programme_tasks", ["programme_id"], unique=False)
    op.create_index(op.f("ix_programme_tasks_school_id"), "programme_tasks", ["school_id"], unique=False)
    op.create_table(
        "rechecks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=10), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("inspector_id", sa.Integer(), nullable=False),
        sa.Column("inspector_name", sa.String(length=200), nullable=False),
        sa.Column("scheduled_on", sa.Date(), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "drawn",
                "marked",
                "failed",
                name="recheckstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("dataset_sha256", sa.String(length=64), nullable=False),
        sa.Column("n_works", sa.Integer(), nullable=False),
        sa.Column("n_sample", sa.Integer(), nullable=False),
        sa.Column("n_objective", sa.Integer(), nullable=True),
        sa.Column("share_low", sa.Double(), nullable=True),
        sa.Column("share_high", sa.Double(), nullable=True),
        sa.Column("mean_shift", sa.Double(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "not_confirmed",
                "confirmed",
                "insufficient",
                name="recheckoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status <> 'marked' OR outcome IS NOT NULL", name=op.f("ck_rechecks_marked_has_outcome")),
        sa.CheckConstraint(
            "n_objective IS NULL OR n_objective <= n_sample", name=op.f("ck_rechecks_objective_within_sample")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_rechecks_case_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_rechecks_dataset_id")),
        sa.ForeignKeyConstraint(["inspector_id"], ["users.id"], name=op.f("fk_rechecks_inspector_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_rechecks_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_rechecks_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rechecks")),
    )
    op.create_index("ix_rechecks_case_id", "rechecks", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_rechecks_inspector_id"), "rechecks", ["inspector_id"], unique=False)
    op.create_index(op.f("ix_rechecks_municipality_id"), "rechecks", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_rechecks_school_id"), "rechecks", ["school_id"], unique=False)
    op.create_table(
        "road_maps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "agreed",
                "submitted",
                "returned",
                "accepted",
                name="roadmapstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("blocks_version", sa.String(length=20), nullable=False),
        sa.Column("proposed_by_name", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by_name", sa.String(length=200), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_by_name", sa.String(length=200), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_name", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("n_returns", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'accepted' OR decided_at IS NOT NULL", name=op.f("ck_road_maps_accepted_has_moment")
        ),
        sa.CheckConstraint("status <> 'returned' OR remarks <> ''", name=op.f("ck_road_maps_returned_has_remarks")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_road_maps_case_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_road_maps_municipality_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_road_maps_school_id")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["users.id"], name=op.f("fk_road_maps_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_road_maps")),
        sa.UniqueConstraint("case_id", name=op.f("uq_road_maps_case_id")),
    )
    op.create_index(op.f("ix_road_maps_municipality_id"), "road_maps", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_road_maps_school_id"), "road_maps", ["school_id"], unique=False)
    op.create_table(
        "scale_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                name="runstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "design",
            sa.Enum(
                "single_group",
                "common_schools",
                name="linkdesign",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("n_schools", sa.Integer(), nullable=False),
        sa.Column("n_works", sa.Integer(), nullable=False),
        sa.Column("n_differ", sa.Integer(), nullable=False),
        sa.Column("table", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("requested_by_name", sa.String(length=200), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status <> 'done' OR design IS NOT NULL", name=op.f("ck_scale_links_done_has_design")),
        sa.ForeignKeyConstraint(["first_id"], ["datasets.id"], name=op.f("fk_scale_links_first_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_scale_links_municipality_id")
        ),
        sa.ForeignKeyConstraint(["requested_by_id"], ["users.id"], name=op.f("fk_scale_links_requested_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_scale_links_school_id")),
        sa.ForeignKeyConstraint(["second_id"], ["datasets.id"], name=op.f("fk_scale_links_second_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scale_links")),
    )
    op.create_index(op.f("ix_scale_links_municipality_id"), "scale_links", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_scale_links_school_id"), "scale_links", ["school_id"], unique=False)
    op.create_table(
        "support_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "diagnosis",
                "programme",
                "review",
                name="supportkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("causes", sa.JSON(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "improved",
                "unchanged",
                "worse",
                name="reviewoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'review') = (outcome IS NOT NULL)", name=op.f("ck_support_records_review_has_outcome")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_support_records_case_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_support_records_municipality_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["users.id"], name=op.f("fk_support_records_recorded_by_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_support_records_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_records")),
    )
    op.create_index("ix_support_records_case_kind", "support_records", ["case_id", "kind", "id"], unique=False)
    op.create_index(op.f("ix_support_records_municipality_id"), "support_records", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_support_records_school_id"), "support_records", ["school_id"], unique=False)
    op.create_table(
        "case_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column(
            "addressee",
            sa.Enum(
                "school", "curator", "stage", name="addressee", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_name", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pause_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("closed_by_name", sa.String(length=200), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("closed_at IS NOT NULL OR answer = ''", name=op.f("ck_case_questions_answer_closes")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_case_questions_asked_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_questions_case_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["users.id"], name=op.f("fk_case_questions_closed_by_id")),
        sa.ForeignKeyConstraint(["event_id"], ["case_events.id"], name=op.f("fk_case_questions_event_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_case_questions_municipality_id")
        ),
        sa.ForeignKeyConstraint(["pause_id"], ["case_pauses.id"], name=op.f("fk_case_questions_pause_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_case_questions_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_questions")),
    )
    op.create_index("ix_case_questions_case_id", "case_questions", ["case_id", "municipality_id"], unique=False)
    op.create_index(op.f("ix_case_questions_municipality_id"), "case_questions", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_case_questions_school_id"), "case_questions", ["school_id"], unique=False)
    op.create_index(
        "uq_case_questions_open",
        "case_questions",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "mentoring_meetings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pair_id", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("theme", sa.String(length=300), nullable=False),
        sa.Column("agreed", sa.Text(), nullable=False),
        sa.Column("recorded_by_name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_mentoring_meetings_municipality_id")
        ),
        sa.ForeignKeyConstraint(["pair_id"], ["mentoring_pairs.id"], name=op.f("fk_mentoring_meetings_pair_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_mentoring_meetings_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_meetings")),
    )
    op.create_index(
        op.f("ix_mentoring_meetings_municipality_id"), "mentoring_meetings", ["municipality_id"], unique=False
    )
    op.create_index(op.f("ix_mentoring_meetings_pair_id"), "mentoring_meetings", ["pair_id"], unique=False)
    op.create_index(op.f("ix_mentoring_meetings_school_id"), "mentoring_meetings", ["school_id"], unique=False)
    op.create_table(
        "rechecked_works",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recheck_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=20), nullable=False),
        sa.Column("class_group", sa.String(length=20), nullable=True),
        sa.Column(
            "stratum",
            sa.Enum("near_cut", "random", name="stratum", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("school_score", sa.Integer(), nullable=False),
        sa.Column("school_mark", sa.Integer(), nullable=False),
        sa.Column("expert_score", sa.Integer(), nullable=True),
        sa.Column("expert_mark", sa.Integer(), nullable=True),
        sa.Column("is_objective", sa.Boolean(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "expert_score IS NULL OR expert_score >= 0", name=op.f("ck_rechecked_works_expert_score_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_rechecked_works_municipality_id")
        ),
        sa.ForeignKeyConstraint(["recheck_id"], ["rechecks.id"], name=op.f("fk_rechecked_works_recheck_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_rechecked_works_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rechecked_works")),
        sa.UniqueConstraint("recheck_id", "participant", name=op.f("uq_rechecked_works_recheck_id_participant")),
    )
    op.create_index(op.f("ix_rechecked_works_municipality_id"), "rechecked_works", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_rechecked_works_recheck_id"), "rechecked_works", ["recheck_id"], unique=False)
    op.create_index(op.f("ix_rechecked_works_school_id"), "rechecked_works", ["school_id"], unique=False)
    op.create_table(
        "road_map_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("road_map_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=90), nullable=False),
        sa.Column("block", sa.String(length=300), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "regulation",
                "analysis",
                "event",
                "training",
                "conduct",
                "recheck",
                "control",
                "decision",
                "support",
                "outreach",
                "publication",
                "register",
                "other",
                name="taskkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("is_obligatory", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("occurrence", sa.String(length=80), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("pinned_reason", sa.Text(), nullable=True),
        sa.Column("lost_change_id", sa.Integer(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "planned", "done", "waived", name="taskstatus", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("link", sa.String(length=1000), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=300), nullable=True),
        sa.Column("n_people", sa.Integer(), nullable=True),
        sa.Column("waived_reason", sa.Text(), nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.Column("settled_by_name", sa.String(length=200), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'waived') = (waived_reason IS NOT NULL)", name=op.f("ck_road_map_items_waived_has_reason")
        ),
        sa.CheckConstraint(
            "status <> 'done' OR (done_on IS NOT NULL AND (note <> '' OR link IS NOT NULL OR file_sha256 IS NOT NULL))",
            name=op.f("ck_road_map_items_done_has_evidence"),
        ),
        sa.CheckConstraint("(file_sha256 IS NULL) = (file_name IS NULL)", name=op.f("ck_road_map_items_file_has_name")),
        sa.CheckConstraint("is_pinned = (pinned_reason IS NOT NULL)", name=op.f("ck_road_map_items_pinned_has_reason")),
        sa.CheckConstraint("n_people IS NULL OR n_people >= 0", name=op.f("ck_road_map_items_people_not_negative")),
        sa.CheckConstraint(
            "starts_on IS NULL OR due_on IS NULL OR starts_on <= due_on",
            name=op.f("ck_road_map_items_starts_before_due"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_road_map_items_case_id")),
        sa.ForeignKeyConstraint(
            ["lost_change_id"], ["calendar_changes.id"], name=op.f("fk_road_map_items_lost_change_id")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_road_map_items_municipality_id")
        ),
        sa.ForeignKeyConstraint(["road_map_id"], ["road_maps.id"], name=op.f("fk_road_map_items_road_map_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_road_map_items_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_road_map_items")),
        sa.UniqueConstraint("road_map_id", "key", name=op.f("uq_road_map_items_road_map_id_key")),
    )
    op.create_index(op.f("ix_road_map_items_case_id"), "road_map_items", ["case_id"], unique=False)
    op.create_index(op.f("ix_road_map_items_due_on"), "road_map_items", ["due_on"], unique=False)
    op.create_index(op.f("ix_road_map_items_municipality_id"), "road_map_items", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_road_map_items_road_map_id"), "road_map_items", ["road_map_id"], unique=False)
    op.create_index(op.f("ix_road_map_items_school_id"), "road_map_items", ["school_id"], unique=False)
    op.create_table(
        "scaled_schools",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("n_first", sa.Integer(), nullable=False),
        sa.Column("n_second", sa.Integer(), nullable=False),
        sa.Column("first", sa.Double(), nullable=False),
        sa.Column("first_low", sa.Double(), nullable=False),
        sa.Column("first_high", sa.Double(), nullable=False),
        sa.Column("second", sa.Double(), nullable=False),
        sa.Column("second_low", sa.Double(), nullable=False),
        sa.Column("second_high", sa.Double(), nullable=False),
        sa.Column("difference", sa.Double(), nullable=False),
        sa.Column("difference_low", sa.Double(), nullable=False),
        sa.Column("difference_high", sa.Double(), nullable=False),
        sa.Column("z", sa.Double(), nullable=True),
        sa.Column("q", sa.Double(), nullable=True),
        sa.Column("differs", sa.Boolean(), nullable=False),
        sa.Column("mean_mark", sa.Double(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("q IS NULL OR (q >= 0 AND q <= 1)", name=op.f("ck_scaled_schools_q_is_share")),
        sa.ForeignKeyConstraint(["link_id"], ["scale_links.id"], name=op.f("fk_scaled_schools_link_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_scaled_schools_municipality_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_scaled_schools_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scaled_schools")),
        sa.UniqueConstraint("link_id", "school_id", name=op.f("uq_scaled_schools_link_id_school_id")),
    )
    op.create_index(op.f("ix_scaled_schools_link_id"), "scaled_schools", ["link_id"], unique=False)
    op.create_index(op.f("ix_scaled_schools_municipality_id"), "scaled_schools", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_scaled_schools_school_id"), "scaled_schools", ["school_id"], unique=False)
    triggers_0001.create(op.get_bind())


def downgrade() -> None:
    triggers_0001.drop(op.get_bind())
    op.drop_index(op.f("ix_scaled_schools_school_id"), table_name="scaled_schools")
    op.drop_index(op.f("ix_scaled_schools_municipality_id"), table_name="scaled_schools")
    op.drop_index(op.f("ix_scaled_schools_link_id"), table_name="scaled_schools")
    op.drop_table("scaled_schools")
    op.drop_index(op.f("ix_road_map_items_school_id"), table_name="road_map_items")
    op.drop_index(op.f("ix_road_map_items_road_map_id"), table_name="road_map_items")
    op.drop_index(op.f("ix_road_map_items_municipality_id"), table_name="road_map_items")
    op.drop_index(op.f("ix_road_map_items_due_on"), table_name="road_map_items")
    op.drop_index(op.f("ix_road_map_items_case_id"), table_name="road_map_items")
    op.drop_table("road_map_items")
    op.drop_index(op.f("ix_rechecked_works_school_id"), table_name="rechecked_works")
    op.drop_index(op.f("ix_rechecked_works_recheck_id"), table_name="rechecked_works")
    op.drop_index(op.f("ix_rechecked_works_municipality_id"), table_name="rechecked_works")
    op.drop_table("rechecked_works")
    op.drop_index(op.f("ix_mentoring_meetings_school_id"), table_name="mentoring_meetings")
    op.drop_index(op.f("ix_mentoring_meetings_pair_id"), table_name="mentoring_meetings")
    op.drop_index(op.f("ix_mentoring_meetings_municipality_id"), table_name="mentoring_meetings")
    op.drop_table("mentoring_meetings")
    op.drop_index(
        "uq_case_questions_open",
        table_name="case_questions",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index(op.f("ix_case_questions_school_id"), table_name="case_questions")
    op.drop_index(op.f("ix_case_questions_municipality_id"), table_name="case_questions")
    op.drop_index("ix_case_questions_case_id", table_name="case_questions")
    op.drop_table("case_questions")
    op.drop_index(op.f("ix_support_records_school_id"), table_name="support_records")
    op.drop_index(op.f("ix_support_records_municipality_id"), table_name="support_records")
    op.drop_index("ix_support_records_case_kind", table_name="support_records")
    op.drop_table("support_records")
    op.drop_index(op.f("ix_scale_links_school_id"), table_name="scale_links")
    op.drop_index(op.f("ix_scale_links_municipality_id"), table_name="scale_links")
    op.drop_table("scale_links")
    op.drop_index(op.f("ix_road_maps_school_id"), table_name="road_maps")
    op.drop_index(op.f("ix_road_maps_municipality_id"), table_name="road_maps")
    op.drop_table("road_maps")
    op.drop_index(op.f("ix_rechecks_school_id"), table_name="rechecks")
    op.drop_index(op.f("ix_rechecks_municipality_id"), table_name="rechecks")
    op.drop_index(op.f("ix_rechecks_inspector_id"), table_name="rechecks")
    op.drop_index("ix_rechecks_case_id", table_name="rechecks")
    op.drop_table("rechecks")
    op.drop_index(op.f("ix_programme_tasks_school_id"), table_name="programme_tasks")
    op.drop_index(op.f("ix_programme_tasks_programme_id"), table_name="programme_tasks")
    op.drop_index(op.f("ix_programme_tasks_municipality_id"), table_name="programme_tasks")
    op.drop_index(op.f("ix_programme_tasks_measure_id"), table_name="programme_tasks")
    op.drop_index(op.f("ix_programme_tasks_due_on"), table_name="programme_tasks")
    op.drop_index("ix_programme_tasks_due", table_name="programme_tasks")
    op.drop_table("programme_tasks")
    op.drop_index(op.f("ix_preservation_requests_school_id"), table_name="preservation_requests")
    op.drop_index(op.f("ix_preservation_requests_municipality_id"), table_name="preservation_requests")
    op.drop_index(op.f("ix_preservation_requests_case_id"), table_name="preservation_requests")
    op.drop_table("preservation_requests")
    op.drop_index(op.f("ix_plan_rows_school_id"), table_name="plan_rows")
    op.drop_index(op.f("ix_plan_rows_plan_id"), table_name="plan_rows")
    op.drop_index(op.f("ix_plan_rows_person_id"), table_name="plan_rows")
    op.drop_index(op.f("ix_plan_rows_municipality_id"), table_name="plan_rows")
    op.drop_index(op.f("ix_plan_rows_case_id"), table_name="plan_rows")
    op.drop_table("plan_rows")
    op.drop_index(op.f("ix_observations_school_id"), table_name="observations")
    op.drop_index(op.f("ix_observations_observer_id"), table_name="observations")
    op.drop_index(op.f("ix_observations_municipality_id"), table_name="observations")
    op.drop_index("ix_observations_case_id", table_name="observations")
    op.drop_table("observations")
    op.drop_index(op.f("ix_objective_entries_school_id"), table_name="objective_entries")
    op.drop_index(op.f("ix_objective_entries_municipality_id"), table_name="objective_entries")
    op.drop_table("objective_entries")
    op.drop_index(op.f("ix_migrated_cases_school_id"), table_name="migrated_cases")
    op.drop_index(op.f("ix_migrated_cases_municipality_id"), table_name="migrated_cases")
    op.drop_index("ix_migrated_cases_migration_outcome", table_name="migrated_cases")
    op.drop_index(op.f("ix_migrated_cases_case_id"), table_name="migrated_cases")
    op.drop_table("migrated_cases")
    op.drop_index(op.f("ix_mentoring_pairs_school_id"), table_name="mentoring_pairs")
    op.drop_index(op.f("ix_mentoring_pairs_municipality_id"), table_name="mentoring_pairs")
    op.drop_index(op.f("ix_mentoring_pairs_mentor_school_id"), table_name="mentoring_pairs")
    op.drop_index(op.f("ix_mentoring_pairs_mentor_person_id"), table_name="mentoring_pairs")
    op.drop_index(op.f("ix_mentoring_pairs_mentee_person_id"), table_name="mentoring_pairs")
    op.drop_index(op.f("ix_mentoring_pairs_case_id"), table_name="mentoring_pairs")
    op.drop_table("mentoring_pairs")
    op.drop_index(op.f("ix_low_results_flags_school_id"), table_name="low_results_flags")
    op.drop_index(op.f("ix_low_results_flags_run_id"), table_name="low_results_flags")
    op.drop_index(op.f("ix_low_results_flags_municipality_id"), table_name="low_results_flags")
    op.drop_index(op.f("ix_low_results_flags_case_id"), table_name="low_results_flags")
    op.drop_table("low_results_flags")
    op.drop_index(op.f("ix_interviews_school_id"), table_name="interviews")
    op.drop_index(op.f("ix_interviews_municipality_id"), table_name="interviews")
    op.drop_index("ix_interviews_case_id", table_name="interviews")
    op.drop_table("interviews")
    op.drop_index(op.f("ix_inbox_notes_school_id"), table_name="inbox_notes")
    op.drop_index(op.f("ix_inbox_notes_municipality_id"), table_name="inbox_notes")
    op.drop_index(op.f("ix_inbox_notes_case_id"), table_name="inbox_notes")
    op.drop_table("inbox_notes")
    op.drop_index(op.f("ix_flags_school_id"), table_name="flags")
    op.drop_index(op.f("ix_flags_municipality_id"), table_name="flags")
    op.drop_index(op.f("ix_flags_case_id"), table_name="flags")
    op.drop_table("flags")
    op.drop_index(op.f("ix_federal_markers_school_id"), table_name="federal_markers")
    op.drop_index(op.f("ix_federal_markers_municipality_id"), table_name="federal_markers")
    op.drop_index(op.f("ix_federal_markers_dataset_id"), table_name="federal_markers")
    op.drop_table("federal_markers")
    op.drop_index(op.f("ix_dynamics_reviews_school_id"), table_name="dynamics_reviews")
    op.drop_index(op.f("ix_dynamics_reviews_municipality_id"), table_name="dynamics_reviews")
    op.drop_index("ix_dynamics_reviews_case_id", table_name="dynamics_reviews")
    op.drop_table("dynamics_reviews")
    op.drop_index(op.f("ix_deadlines_school_id"), table_name="deadlines")
    op.drop_index(op.f("ix_deadlines_municipality_id"), table_name="deadlines")
    op.drop_index(op.f("ix_deadlines_due_on"), table_name="deadlines")
    op.drop_index(op.f("ix_deadlines_case_id"), table_name="deadlines")
    op.drop_table("deadlines")
    op.drop_index(op.f("ix_curator_orders_school_id"), table_name="curator_orders")
    op.drop_index(op.f("ix_curator_orders_municipality_id"), table_name="curator_orders")
    op.drop_index(op.f("ix_curator_orders_curator_id"), table_name="curator_orders")
    op.drop_index("ix_curator_orders_case_id", table_name="curator_orders")
    op.drop_table("curator_orders")
    op.drop_index(op.f("ix_conclusions_school_id"), table_name="conclusions")
    op.drop_index(op.f("ix_conclusions_municipality_id"), table_name="conclusions")
    op.drop_index("ix_conclusions_case_id", table_name="conclusions")
    op.drop_table("conclusions")
    op.drop_index(op.f("ix_closure_checks_school_id"), table_name="closure_checks")
    op.drop_index(op.f("ix_closure_checks_municipality_id"), table_name="closure_checks")
    op.drop_index("ix_closure_checks_case_id", table_name="closure_checks")
    op.drop_table("closure_checks")
    op.drop_index(
        "uq_case_pauses_open",
        table_name="case_pauses",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_case_pauses_until_on"), table_name="case_pauses")
    op.drop_index(op.f("ix_case_pauses_school_id"), table_name="case_pauses")
    op.drop_index(op.f("ix_case_pauses_municipality_id"), table_name="case_pauses")
    op.drop_index("ix_case_pauses_case_id", table_name="case_pauses")
    op.drop_table("case_pauses")
    op.drop_index(
        "uq_case_hand_overs_open",
        table_name="case_hand_overs",
        sqlite_where=sa.text("status IN ('proposed', 'accepted')"),
        postgresql_where=sa.text("status IN ('proposed', 'accepted')"),
    )
    op.drop_index(op.f("ix_case_hand_overs_to_id"), table_name="case_hand_overs")
    op.drop_index(op.f("ix_case_hand_overs_school_id"), table_name="case_hand_overs")
    op.drop_index(op.f("ix_case_hand_overs_municipality_id"), table_name="case_hand_overs")
    op.drop_index("ix_case_hand_overs_case_id", table_name="case_hand_overs")
    op.drop_table("case_hand_overs")
    op.drop_index(op.f("ix_case_events_school_id"), table_name="case_events")
    op.drop_index(op.f("ix_case_events_municipality_id"), table_name="case_events")
    op.drop_table("case_events")
    op.drop_index(op.f("ix_case_episodes_school_id"), table_name="case_episodes")
    op.drop_index(op.f("ix_case_episodes_municipality_id"), table_name="case_episodes")
    op.drop_index(op.f("ix_case_episodes_episode_of_id"), table_name="case_episodes")
    op.drop_table("case_episodes")
    op.drop_index(op.f("ix_case_documents_school_id"), table_name="case_documents")
    op.drop_index(op.f("ix_case_documents_programme_id"), table_name="case_documents")
    op.drop_index(op.f("ix_case_documents_municipality_id"), table_name="case_documents")
    op.drop_index("ix_case_documents_case_id", table_name="case_documents")
    op.drop_table("case_documents")
    op.drop_index(op.f("ix_bulk_rows_school_id"), table_name="bulk_rows")
    op.drop_index(op.f("ix_bulk_rows_municipality_id"), table_name="bulk_rows")
    op.drop_index("ix_bulk_rows_decision_status", table_name="bulk_rows")
    op.drop_index(op.f("ix_bulk_rows_case_id"), table_name="bulk_rows")
    op.drop_table("bulk_rows")
    op.drop_index(op.f("ix_admin_measures_school_id"), table_name="admin_measures")
    op.drop_index(op.f("ix_admin_measures_municipality_id"), table_name="admin_measures")
    op.drop_index("ix_admin_measures_case_id", table_name="admin_measures")
    op.drop_table("admin_measures")
    op.drop_table("workflow_migrations")
    op.drop_index(op.f("ix_trainings_school_id"), table_name="trainings")
    op.drop_index(op.f("ix_trainings_person_id"), table_name="trainings")
    op.drop_index(op.f("ix_trainings_municipality_id"), table_name="trainings")
    op.drop_table("trainings")
    op.drop_index(op.f("ix_programme_measures_school_id"), table_name="programme_measures")
    op.drop_index(op.f("ix_programme_measures_responsible_id"), table_name="programme_measures")
    op.drop_index(op.f("ix_programme_measures_programme_id"), table_name="programme_measures")
    op.drop_index(op.f("ix_programme_measures_municipality_id"), table_name="programme_measures")
    op.drop_table("programme_measures")
    op.drop_index(op.f("ix_person_relations_school_id"), table_name="person_relations")
    op.drop_index(op.f("ix_person_relations_related_school_id"), table_name="person_relations")
    op.drop_index(op.f("ix_person_relations_person_id"), table_name="person_relations")
    op.drop_index(op.f("ix_person_relations_municipality_id"), table_name="person_relations")
    op.drop_table("person_relations")
    op.drop_index(op.f("ix_person_posts_workplace_id"), table_name="person_posts")
    op.drop_index(op.f("ix_person_posts_school_id"), table_name="person_posts")
    op.drop_index(op.f("ix_person_posts_person_id"), table_name="person_posts")
    op.drop_index(op.f("ix_person_posts_municipality_id"), table_name="person_posts")
    op.drop_table("person_posts")
    op.drop_index(op.f("ix_person_duties_school_id"), table_name="person_duties")
    op.drop_index(op.f("ix_person_duties_person_id"), table_name="person_duties")
    op.drop_index(op.f("ix_person_duties_municipality_id"), table_name="person_duties")
    op.drop_table("person_duties")
    op.drop_index("ix_notices_unread", table_name="notices")
    op.drop_index(op.f("ix_notices_digest_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_findings_school_id"), table_name="findings")
    op.drop_index("ix_findings_run_school", table_name="findings")
    op.drop_index(op.f("ix_findings_municipality_id"), table_name="findings")
    op.drop_table("findings")
    op.drop_index("ix_due_moves_subject", table_name="due_moves")
    op.drop_index(op.f("ix_due_moves_school_id"), table_name="due_moves")
    op.drop_index(op.f("ix_due_moves_municipality_id"), table_name="due_moves")
    op.drop_index(op.f("ix_due_moves_change_id"), table_name="due_moves")
    op.drop_table("due_moves")
    op.drop_index("ix_declarations_user_school", table_name="declarations")
    op.drop_index(op.f("ix_declarations_school_id"), table_name="declarations")
    op.drop_index(op.f("ix_declarations_person_id"), table_name="declarations")
    op.drop_index(op.f("ix_declarations_municipality_id"), table_name="declarations")
    op.drop_table("declarations")
    op.drop_index(op.f("ix_datasets_school_id"), table_name="datasets")
    op.drop_index("ix_datasets_paper", table_name="datasets")
    op.drop_index(op.f("ix_datasets_municipality_id"), table_name="datasets")
    op.drop_table("datasets")
    op.drop_index(op.f("ix_control_members_school_id"), table_name="control_members")
    op.drop_index(op.f("ix_control_members_municipality_id"), table_name="control_members")
    op.drop_index(op.f("ix_control_members_group_id"), table_name="control_members")
    op.drop_table("control_members")
    op.drop_index(op.f("ix_cluster_memberships_set_id"), table_name="cluster_memberships")
    op.drop_index(op.f("ix_cluster_memberships_school_id"), table_name="cluster_memberships")
    op.drop_index(op.f("ix_cluster_memberships_municipality_id"), table_name="cluster_memberships")
    op.drop_table("cluster_memberships")
    op.drop_index(
        "uq_cases_open_school",
        table_name="cases",
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.drop_index("ix_cases_state_evidence", table_name="cases")
    op.drop_index(op.f("ix_cases_school_id"), table_name="cases")
    op.drop_index("ix_cases_municipality_state", table_name="cases")
    op.drop_index(op.f("ix_cases_municipality_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_episode_of_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_due_on"), table_name="cases")
    op.drop_index(op.f("ix_cases_curator_id"), table_name="cases")
    op.drop_table("cases")
    op.drop_index(op.f("ix_absences_substitute_id"), table_name="absences")
    op.drop_index(op.f("ix_absences_school_id"), table_name="absences")
    op.drop_index(op.f("ix_absences_person_id"), table_name="absences")
    op.drop_index(op.f("ix_absences_municipality_id"), table_name="absences")
    op.drop_table("absences")
    op.drop_table("workflow_versions")
    op.drop_index(op.f("ix_workflow_choices_municipality_id"), table_name="workflow_choices")
    op.drop_table("workflow_choices")
    op.drop_index(op.f("ix_uploads_sha256"), table_name="uploads")
    op.drop_index(op.f("ix_uploads_school_id"), table_name="uploads")
    op.drop_index(op.f("ix_uploads_municipality_id"), table_name="uploads")
    op.drop_table("uploads")
    op.drop_index(op.f("ix_screening_runs_year"), table_name="screening_runs")
    op.drop_index(op.f("ix_screening_runs_school_id"), table_name="screening_runs")
    op.drop_index(op.f("ix_screening_runs_municipality_id"), table_name="screening_runs")
    op.drop_table("screening_runs")
    op.drop_index(op.f("ix_programmes_school_id"), table_name="programmes")
    op.drop_index(op.f("ix_programmes_municipality_id"), table_name="programmes")
    op.drop_index(op.f("ix_programmes_first_year"), table_name="programmes")
    op.drop_table("programmes")
    op.drop_index(op.f("ix_persons_school_id"), table_name="persons")
    op.drop_index(op.f("ix_persons_name"), table_name="persons")
    op.drop_index(op.f("ix_persons_municipality_id"), table_name="persons")
    op.drop_table("persons")
    op.drop_table("mailboxes")
    op.drop_index(
        "uq_feed_keys_alive",
        table_name="feed_keys",
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_table("feed_keys")
    op.drop_table("digests")
    op.drop_index(op.f("ix_control_groups_school_id"), table_name="control_groups")
    op.drop_index(op.f("ix_control_groups_municipality_id"), table_name="control_groups")
    op.drop_table("control_groups")
    op.drop_index(
        "uq_cluster_sets_approved",
        table_name="cluster_sets",
        sqlite_where=sa.text("status = 'approved'"),
        postgresql_where=sa.text("status = 'approved'"),
    )
    op.drop_index(op.f("ix_cluster_sets_school_id"), table_name="cluster_sets")
    op.drop_index(op.f("ix_cluster_sets_municipality_id"), table_name="cluster_sets")
    op.drop_table("cluster_sets")
    op.drop_index(op.f("ix_calendar_changes_municipality_id"), table_name="calendar_changes")
    op.drop_table("calendar_changes")
    op.drop_index(op.f("ix_bulk_decisions_school_id"), table_name="bulk_decisions")
    op.drop_index(op.f("ix_bulk_decisions_municipality_id"), table_name="bulk_decisions")
    op.drop_index(op.f("ix_bulk_decisions_made_by_id"), table_name="bulk_decisions")
    op.drop_table("bulk_decisions")
    op.drop_index(op.f("ix_auth_sessions_user_id"), table_name="auth_sessions")
    op.drop_table("auth_sessions")
    op.drop_index(op.f("ix_assignment_plans_school_id"), table_name="assignment_plans")
    op.drop_index(op.f("ix_assignment_plans_municipality_id"), table_name="assignment_plans")
    op.drop_table("assignment_plans")
    op.drop_index(op.f("ix_users_municipality_id"), table_name="users")
    op.drop_table("users")
    op.drop_index("ix_journal_subject", table_name="journal")
    op.drop_index(op.f("ix_journal_school_id"), table_name="journal")
    op.drop_index(op.f("ix_journal_municipality_id"), table_name="journal")
    op.drop_table("journal")
    op.drop_index(op.f("ix_schools_municipality_id"), table_name="schools")
    op.drop_table("schools")
    op.drop_table("job_effects")
    op.drop_index(op.f("ix_calendar_events_on"), table_name="calendar_events")
    op.drop_index(op.f("ix_calendar_events_municipality_id"), table_name="calendar_events")
    op.drop_table("calendar_events")
    op.drop_index(op.f("ix_calendar_entries_starts_on"), table_name="calendar_entries")
    op.drop_index(op.f("ix_calendar_entries_municipality_id"), table_name="calendar_entries")
    op.drop_table("calendar_entries")
    op.drop_index("ix_outbox_due", table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("municipalities")
    op.drop_index(op.f("ix_login_attempts_login"), table_name="login_attempts")
    op.drop_index(op.f("ix_login_attempts_at"), table_name="login_attempts")
    op.drop_index(op.f("ix_login_attempts_address"), table_name="login_attempts")
    op.drop_table("login_attempts")
