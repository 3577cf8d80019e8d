"""Walk a long list in pages: a cursor says where the last page ended, so that no page gets slower with its number.

A cursor is opaque to clients: the order's name, the sort key and a checksum. One that was cut, changed or made for
another order is refused; it could not show anything its holder may not see anyway.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from api.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
Row = TypeVar("Row")
Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class Listed(BaseModel, Generic[Shape]):
    """One page of a list; `next` is the cursor of the following page, null on the last one."""

    items: list[Shape]
    next: str | None = Field(default=None, description="Pass as `cursor` to get the next page; null on the last page.")


def page_of(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items on one page.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
) -> Page:
    """Read the page from the query."""
    return Page(limit, cursor)


PageWanted = Annotated[Page, Depends(page_of)]


def write_cursor(order: str, *key: int) -> str:
    """Return the cursor of a position in the order called `order`."""
    content = json.dumps([order, *key], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.crc32(content).to_bytes(4, "big") + content).decode().rstrip("=")


def read_cursor(cursor: str, order: str, length: int) -> list[int]:
    """Return the position that `cursor` holds; raises Invalid when it is none of ours, or of another order."""
    found: list[Any] = []
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        content = packed[4:]
        if zlib.crc32(content).to_bytes(4, "big") == packed[:4]:
            found = list(json.loads(content))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        found = []
    whole = len(found) == length + 1 and found[0] == order
    if not whole or any(type(part) is not int or abs(part) >= 2**63 for part in found[1:]):
        raise Invalid("cursor: it is not one that this list gave out with this order; start again without it")
    return found[1:]


def after(cursor: str | None, order: str, *columns: InstrumentedAttribute[int]) -> ColumnElement[bool] | None:
    """Select the rows that follow `cursor` when `columns` are sorted downwards; None without a cursor."""
    if cursor is None:
        return None
    key = read_cursor(cursor, order, len(columns))
    return tuple_(*columns) < tuple_(*key)


def listed(
    rows: Sequence[Row], page: Page, order: str, key: Callable[[Row], tuple[int, ...]], shape: Callable[[Row], Shape]
) -> Listed[Shape]:
    """Return one page out of `rows`, which hold one more than wanted when there is a next page."""
    shown = rows[: page.limit]
    more = len(rows) > page.limit
    return Listed(items=[shape(row) for row in shown], next=write_cursor(order, *key(shown[-1])) if more else None)
