"""Alembic's entry point: run the migrations on the connection that `migrations.upgrade` opened."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext

import models.tables  # noqa: F401  registers every table
from models.base import Base, BigId, Json, UtcDateTime


def render(kind: str, item: object, autogen: AutogenContext) -> Any:
    """Write our own column types into new migrations by name."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        autogen.imports.add("from models.base import UtcDateTime")
        return "UtcDateTime()"
    for name, ours in (("BigId", BigId), ("Json", Json)):
        if repr(item) == repr(ours):
            autogen.imports.add(f"from models.base import {name}")
            return name
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
