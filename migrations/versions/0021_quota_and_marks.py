"""How many items a source may bring in a day, and what it is known by.

Revision ID: 0021
Revises: 0020
"""

import json

import sqlalchemy as sa
from alembic import op

from models.base import Json, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ADDED = ("items_per_day", "counted_day", "counted_items", "held_items", "identity")


def upgrade() -> None:
    op.add_column("sources", sa.Column("items_per_day", sa.Integer(), nullable=True))
    op.add_column("sources", sa.Column("counted_day", UtcDateTime(timezone=True), nullable=True))
    op.add_column("sources", sa.Column("counted_items", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sources", sa.Column("held_items", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sources", sa.Column("identity", Json, server_default="{}", nullable=False))
    _take_over_names()


def downgrade() -> None:
    for name in ADDED:
        op.drop_column("sources", name)


def _take_over_names() -> None:
    """Keep what feeds were known by until now: it stood in their cursors, of the last answer only."""
    sources = sa.table("sources", sa.column("id"), sa.column("cursor", Json), sa.column("identity", Json))
    connection = op.get_bind()
    for row in connection.execute(sa.select(sources.c.id, sources.c.cursor)).all():
        cursor = row.cursor if isinstance(row.cursor, dict) else json.loads(row.cursor or "{}")
        about = cursor.get("about") or {}
        known = {name: [about[name]] for name in ("title", "generator") if about.get(name)}
        if known:
            rest = {name: value for name, value in cursor.items() if name not in ("about", "changed")}
            values = {"identity": {"known": known, "changes": []}, "cursor": rest}
            connection.execute(sources.update().where(sources.c.id == row.id).values(**values))
