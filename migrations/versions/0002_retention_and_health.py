"""Retention, and what a source's last answers looked like.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REMEMBERED = sa.text("forgotten_at IS NULL")
HAS_ARTICLE = sa.text("article_sha256 IS NOT NULL")
ADDED = {
    "raw_bodies": ("source_id", "forgotten_at", "forgotten_because"),
    "items": ("forgotten_at", "forgotten_because"),
    "documents": ("article_sha256", "forgotten_at"),
    "sources": ("looks", "moved_to", "moved_seen", "moved_since"),
}


def upgrade() -> None:
    op.create_table(
        "forgettings",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=True),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("bodies", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgettings")),
    )
    op.create_table(
        "erasures",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("source_id", BigId, nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_source_id", "erasures", ["source_id", "external_id"])
    op.create_index("ix_erasures_content_sha256", "erasures", ["content_sha256"])

    # Plain ADD COLUMN everywhere: nothing is copied, however large the table is.
    op.add_column("raw_bodies", sa.Column("source_id", BigId, nullable=True))
    op.add_column("raw_bodies", sa.Column("forgotten_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("raw_bodies", sa.Column("forgotten_because", sa.Text(), nullable=True))
    op.create_index("ix_raw_bodies_source_id", "raw_bodies", ["source_id", "received_at"])

    op.add_column("items", sa.Column("forgotten_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("items", sa.Column("forgotten_because", sa.Text(), nullable=True))
    op.create_index("ix_items_raw_sha256", "items", ["raw_sha256"])
    op.create_index(
        "ix_items_remembered", "items", ["fetched_at"], sqlite_where=REMEMBERED, postgresql_where=REMEMBERED
    )

    op.add_column("documents", sa.Column("article_sha256", sa.String(length=64), nullable=True))
    op.add_column("documents", sa.Column("forgotten_at", UtcDateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_documents_article_sha256",
        "documents",
        ["article_sha256"],
        sqlite_where=HAS_ARTICLE,
        postgresql_where=HAS_ARTICLE,
    )

    op.add_column("sources", sa.Column("looks", Json, server_default="[]", nullable=False))
    op.add_column("sources", sa.Column("moved_to", sa.Text(), nullable=True))
    op.add_column("sources", sa.Column("moved_seen", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sources", sa.Column("moved_since", UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_index("ix_documents_article_sha256", "documents")
    op.drop_index("ix_items_remembered", "items")
    op.drop_index("ix_items_raw_sha256", "items")
    op.drop_index("ix_raw_bodies_source_id", "raw_bodies")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_index("ix_erasures_content_sha256", "erasures")
    op.drop_index("ix_erasures_source_id", "erasures")
    op.drop_table("erasures")
    op.drop_table("forgettings")
