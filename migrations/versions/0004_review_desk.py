"""Leases and saved searches of reviewers, the audit log, and the queue's order by uncertainty.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The uncertainty of what was assessed before: 100 at one half, 0 at certainty, of the least certain signal.
FILL = {
    "sqlite": "SELECT max(1 - abs(2 * value - 1)) FROM json_each(assessments.signals)",
    "postgresql": "SELECT max(1 - abs(2 * value::float - 1)) FROM jsonb_each_text(assessments.signals)",
}


def upgrade() -> None:
    op.create_table(
        "review_leases",
        sa.Column("assessment_id", BigId, autoincrement=False, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_review_leases_assessment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_review_leases_account_id")),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_review_leases")),
    )
    op.create_index("ix_review_leases_account_id", "review_leases", ["account_id"])
    op.create_table(
        "saved_searches",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saved_searches_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_searches_account_id_name")),
    )
    op.create_table(
        "audit_events",
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=True),
        sa.Column("subject_id", BigId, nullable=True),
        sa.Column("details", Json, nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_audit_events_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_account_id", "audit_events", ["account_id", "action", "at"])
    op.create_index("ix_audit_events_subject", "audit_events", ["subject", "subject_id"])
    op.create_index("ix_audit_events_action", "audit_events", ["action", "id"])
    # A plain ADD COLUMN on SQLite too: a constant default needs no copy of the table.
    op.add_column("assessments", sa.Column("uncertainty", sa.Integer(), server_default="0", nullable=False))
    one = FILL[op.get_bind().dialect.name]
    op.execute(f"UPDATE assessments SET uncertainty = coalesce(round(100 * ({one})), 0)")
    op.create_index("ix_assessments_uncertainty", "assessments", ["current", "uncertainty", "id"])
    op.create_index(
        "ix_assessments_uncertain_queue", "assessments", ["current", "flagged_now", "status", "uncertainty", "id"]
    )


def downgrade() -> None:
    op.drop_index("ix_assessments_uncertain_queue", "assessments")
    op.drop_index("ix_assessments_uncertainty", "assessments")
    op.drop_column("assessments", "uncertainty")
    op.drop_table("audit_events")
    op.drop_table("saved_searches")
    op.drop_table("review_leases")
