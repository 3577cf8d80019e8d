"""How a token begins, and what a browser says it is.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tokens", sa.Column("prefix", sa.String(length=12), nullable=True))
    op.add_column("browser_sessions", sa.Column("agent", sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column("browser_sessions", "agent")
    op.drop_column("tokens", "prefix")
