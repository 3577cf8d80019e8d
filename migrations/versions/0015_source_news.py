"""When the operator was told of a source's trouble.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("told_at", UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("sources", "told_at")
