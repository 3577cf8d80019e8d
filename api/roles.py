"""What somebody may do: scopes of tokens and sessions, and the roles of people that stand for some of them.

It knows no secret and no page. `docs/roles.md` is the table of who may call what, made from the routes themselves.
"""

from collections.abc import Collection
from dataclasses import dataclass

from api.errors import NotAllowed
from models.account import ROLES, SCOPES

REVIEWING = frozenset({"review", "read", "sight"})
IMPLIED = {"admin": frozenset(SCOPES), "lead": REVIEWING | {"lead"}, "review": REVIEWING}
SCOPES_OF: dict[str, tuple[str, ...]] = {
    "reader": ("read",),
    "reviewer": ("read", "review"),
    "lead": ("read", "review", "lead"),
    "admin": ("read", "review", "lead", "admin"),
}


@dataclass(frozen=True)
class Actor:
    """Who does something, and what they may do; `token_id` is None in a browser session."""

    account_id: int
    name: str
    scopes: frozenset[str]
    token_id: int | None = None

    def may(self, scope: str) -> bool:
        """Whether any scope of this actor covers `scope`."""
        return any(scope in IMPLIED.get(own, {own}) for own in self.scopes)

    def must(self, scope: str) -> None:
        """Raise NotAllowed unless this actor may do what `scope` stands for."""
        if not self.may(scope):
            raise NotAllowed(
                f"this needs the scope '{scope}' and you have {', '.join(sorted(self.scopes)) or 'none'}; ask the "
                f"operator for a token with it (tocsin token create --name NAME --scopes {scope})"
            )


def role_of(scopes: Collection[str]) -> str | None:
    """Return the role that these scopes come to, None for those of a machine."""
    for role, scope in (("admin", "admin"), ("lead", "lead"), ("reviewer", "review"), ("reader", "read")):
        if scope in scopes:
            return role
    return None


def highest(roles: Collection[str]) -> str | None:
    """Return the role that may the most, None for no role."""
    return next((role for role in reversed(ROLES) if role in roles), None)


def checked_scopes(scopes: Collection[str]) -> list[str]:
    """Return the scopes in their usual order; raises ValueError naming one that does not exist."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"the scopes must be some of {', '.join(SCOPES)}; got {', '.join(unknown) or 'none'}")
    return [scope for scope in SCOPES if scope in scopes]
