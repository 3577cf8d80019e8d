"""Find the latest items of a source without a look at all it ever had.

Each poll asks when they came; before, its cost grew with the history of the source.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAME = "ix_items_source_id_id"


def upgrade() -> None:
    op.create_index(NAME, "items", ["source_id", "id", "event_at", "fetched_at"])


def downgrade() -> None:
    op.drop_index(NAME, table_name="items")
