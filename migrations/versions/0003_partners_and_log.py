"""The Merkle log, what partners are told and answer, the timeline of alerts, and who can act.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ADDED = {
    "webhooks": ("kind", "tier", "tlp", "operational"),
    "alerts": ("owner_id", "told_at", "escalated_at", "merged_into"),
}


def upgrade() -> None:
    op.create_table(
        "log_entries",
        sa.Column("position", BigId, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("row_id", BigId, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.String(length=64), nullable=False),
        sa.Column("logged_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_log_entries")),
        sa.UniqueConstraint("kind", "row_id", name=op.f("uq_log_entries_kind_row_id")),
    )
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", BigId, autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_log_nodes")),
    )
    op.create_table(
        "log_heads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_heads")),
    )
    op.create_table(
        "alert_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("details", Json, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_events_alert_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_alert_events_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_events")),
    )
    op.create_index("ix_alert_events_alert_id", "alert_events", ["alert_id", "id"])
    op.create_table(
        "contacts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("groups", Json, nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", BigId, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_contacts_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index("ix_contacts_country", "contacts", ["country", "region"])

    op.add_column("webhooks", sa.Column("kind", sa.String(length=16), server_default="webhook", nullable=False))
    op.add_column("webhooks", sa.Column("tier", sa.String(length=16), server_default="full", nullable=False))
    op.add_column("webhooks", sa.Column("tlp", sa.String(length=16), server_default="AMBER", nullable=False))
    op.add_column("webhooks", sa.Column("operational", sa.Boolean(), server_default=sa.false(), nullable=False))
    for column in ("owner_id", "merged_into"):
        # No foreign keys: on SQLite adding one would copy the table.
        op.add_column("alerts", sa.Column(column, BigId, nullable=True))
    for column in ("told_at", "escalated_at"):
        op.add_column("alerts", sa.Column(column, UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_index("ix_contacts_country", "contacts")
    op.drop_table("contacts")
    op.drop_index("ix_alert_events_alert_id", "alert_events")
    op.drop_table("alert_events")
    op.drop_table("log_heads")
    op.drop_table("log_nodes")
    op.drop_table("log_entries")
