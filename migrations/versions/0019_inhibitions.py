"""One alert holds another back from partners who were told of the first.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inhibitions",
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("holder_rule_id", BigId, nullable=True),
        sa.Column("holder_filters", Json, nullable=False),
        sa.Column("held_rule_id", BigId, nullable=True),
        sa.Column("held_filters", Json, nullable=False),
        sa.Column("equal", Json, nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", BigId, nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_inhibitions_created_by")),
        sa.ForeignKeyConstraint(["held_rule_id"], ["rules.id"], name=op.f("fk_inhibitions_held_rule_id")),
        sa.ForeignKeyConstraint(["holder_rule_id"], ["rules.id"], name=op.f("fk_inhibitions_holder_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inhibitions")),
    )
    op.add_column("alerts", sa.Column("inhibited_by", BigId, nullable=True))


def downgrade() -> None:
    op.drop_column("alerts", "inhibited_by")
    op.drop_table("inhibitions")
