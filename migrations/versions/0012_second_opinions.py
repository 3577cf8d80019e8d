"""Second opinions and machine translations beside a text.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opinions",
        sa.Column("assessment_id", BigId, autoincrement=False, nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.Column("signals", Json, nullable=True),
        sa.Column("stage", sa.Integer(), nullable=True),
        sa.Column("stance", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_opinions_assessment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_opinions")),
    )
    op.create_index("ix_opinions_asked_at", "opinions", ["asked_at"])
    op.create_table(
        "glosses",
        sa.Column("document_id", BigId, nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("engine", sa.String(length=200), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("source_language", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_glosses_document_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_glosses_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glosses")),
        sa.UniqueConstraint(
            "document_id",
            "target",
            "engine",
            "start",
            "end",
            name=op.f("uq_glosses_document_id_target_engine_start_end"),
        ),
    )


def downgrade() -> None:
    op.drop_table("glosses")
    op.drop_table("opinions")
