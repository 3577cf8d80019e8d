"""Whether a folder's files are moved once they are read.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("move_files", sa.Boolean(), server_default=sa.true(), nullable=False))
    # Whoever watches a folder already is used to its files staying where they are.
    op.execute(sa.text("UPDATE sources SET move_files = false WHERE kind = 'folder'"))


def downgrade() -> None:
    op.drop_column("sources", "move_files")
