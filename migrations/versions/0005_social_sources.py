"""Why an item is gone at its source, and the credential a source is asked with.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: nothing is copied, however large the table is.
    op.add_column("items", sa.Column("gone_because", sa.Text(), nullable=True))
    op.add_column("sources", sa.Column("credential", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("sources", "credential")
    op.drop_column("items", "gone_because")
