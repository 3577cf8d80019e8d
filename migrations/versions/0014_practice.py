"""Gold cases that say why and which labels, and what people answer when they practise on them.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gold_cases", sa.Column("signals", Json, nullable=True))
    op.add_column("gold_cases", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("gold_cases", sa.Column("training", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "practice_answers",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("assessment_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("signals", Json, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_practice_answers_account_id")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_practice_answers_assessment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_answers")),
    )
    op.create_index("ix_practice_answers_account_id", "practice_answers", ["account_id", "assessment_id", "id"])


def downgrade() -> None:
    op.drop_table("practice_answers")
    op.drop_column("gold_cases", "training")
    op.drop_column("gold_cases", "reason")
    op.drop_column("gold_cases", "signals")
