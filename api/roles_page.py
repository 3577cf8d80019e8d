"""Write docs/roles.md, who may call what: `python -m api.roles_page > docs/roles.md`.

The half about the HTTP API is read out of its OpenAPI description, the other out of the console's table; tests prove
both against the routes.
"""

from collections.abc import Iterable
from typing import Any

from api.app import create_app
from api.console.access import NEEDS, OPEN
from api.roles import SCOPES_OF, Actor
from api.settings import Settings
from models.account import ROLES
from models.database import open_sessions

HEAD = """# Who may do what

| role | may |
|---|---|
| `reader` | see everything but other reviewers' decisions on what one reviews oneself |
| `reviewer` | what a reader may; decide about passages, work on alerts |
| `lead` | what a reviewer may; assign passages and alerts, settle between two reviewers, keep gold cases, rules, \
silences, inhibitions and sources, see precision |
| `admin` | everything, people, tokens, partners and the audit log among it |

A person's role stands for scopes; a program's token has scopes of its own, among them `push` (bring items in, see
nothing) and `sight` (answer to alerts, see nothing). If the last administrator is lost, the operator makes another on
the command line.

This page is written by `python -m api.roles_page > docs/roles.md`; a test compares them, another calls each route as
each role, and a route without a row fails it.
"""


def page() -> str:
    """Return the whole page."""
    console = [(f"{method} {path}", needed) for (method, path), needed in NEEDS.items()]
    api = [(f"{method.upper()} {path}", needed) for (method, path), needed in described().items()]
    return "\n".join([HEAD, "## The console", "", *table(console), "", "## The HTTP API", "", *table(api), ""])


def described() -> dict[tuple[str, str], str]:
    """Return the scope of each route of the HTTP API as its OpenAPI description says it."""
    app = create_app(Settings(), open_sessions("sqlite://"))
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    return {
        (method, path): ((route.get("security") or [{}])[0].get("token") or [OPEN])[0]
        for path, methods in paths.items()
        for method, route in methods.items()
    }


def table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return one table: a route, what it needs, and which roles have that."""
    lines = ["| route | needs | " + " | ".join(ROLES) + " |", "|---|---|" + "---|" * len(ROLES)]
    for route, needed in rows:
        marks = ["yes" if may(role, needed) else "" for role in ROLES]
        lines.append(f"| `{route}` | {needed} | " + " | ".join(marks) + " |")
    return lines


def may(role: str, needed: str) -> bool:
    """Whether a role covers what a route needs."""
    return needed == OPEN or Actor(0, "", frozenset(SCOPES_OF[role])).may(needed)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
