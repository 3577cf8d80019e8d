"""How many people a source reaches; indexes that hold the counts of tallies too.

Without the counts in the index PostgreSQL reads every row of the days asked for and throws nearly all away.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SLOTS = {"tally_hours": "hour", "tally_days": "day"}
COUNTS = ["documents", "voices"]


def upgrade() -> None:
    op.add_column("sources", sa.Column("audience", sa.BigInteger(), nullable=True))
    _index_again(COUNTS)


def downgrade() -> None:
    _index_again([])
    op.drop_column("sources", "audience")


def _index_again(counts: list[str]) -> None:
    for table, slot in SLOTS.items():
        name = f"ix_{table}_label"
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ["label", "dimension", "country", slot, "value", *counts])
