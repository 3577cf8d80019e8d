"""What an operator may set about how people sign in. Read and checked at start by `settings.py` like a room's own."""

import re
from dataclasses import dataclass, field

from models.account import ROLES


@dataclass(frozen=True)
class AccountSettings:
    """Idle sessions, second factors, and an OpenID provider that may vouch for people."""

    session_idle_minutes: int = field(
        default=120,
        metadata={"help": "How long a browser stays signed in that asks for nothing.", "range": (5, 43_200)},
    )
    second_factor_roles: tuple[str, ...] = field(
        default=(),
        metadata={"help": "Roles that need a second factor: reader, reviewer, lead, admin. Others may have one."},
    )
    account_key: str = field(
        default="",
        metadata={"help": "Secret that seals second factors and sign-ins under way.", "secret": True},
    )
    oidc_issuer: str = field(
        default="", metadata={"help": "Address of the OpenID provider that may sign people in; empty for none."}
    )
    oidc_client_id: str = field(default="", metadata={"help": "What the provider calls this installation."})
    oidc_client_secret: str | None = field(
        default=None,
        metadata={"help": "Secret that the provider has given it; empty for a public client.", "secret": True},
    )
    oidc_name: str = field(default="your organisation", metadata={"help": "What the sign-in page calls the provider."})
    oidc_scopes: tuple[str, ...] = field(
        default=("openid", "email"), metadata={"help": "What is asked of the provider; openid must be among it."}
    )
    oidc_role_claim: str = field(
        default="", metadata={"help": "Claim of the provider that decides the role; empty: roles are kept here."}
    )
    oidc_roles: tuple[str, ...] = field(
        default=(), metadata={"help": "What values of that claim stand for, such as tocsin-leads=lead."}
    )
    oidc_second_factor: bool = field(
        default=False, metadata={"help": "The provider asks for a second factor itself, so ours is left out."}
    )

    def __post_init__(self) -> None:
        """Refuse values that cannot work, at start."""
        unknown = set(self.second_factor_roles) - set(ROLES)
        if unknown:
            raise ValueError(f"second_factor_roles: {', '.join(sorted(unknown))} must be some of {', '.join(ROLES)}")
        if self.oidc_issuer and not re.fullmatch(r"https?://[^\s?#]+", self.oidc_issuer):
            raise ValueError(f"oidc_issuer is {self.oidc_issuer!r} and must be like https://id.example.org/realm")
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_client_id must be set where oidc_issuer is; the provider gives it")
        if "openid" not in self.oidc_scopes:
            raise ValueError("oidc_scopes must hold openid")
        for pair in self.oidc_roles:
            value, _, role = pair.rpartition("=")
            if not value or role not in ROLES:
                raise ValueError(f"oidc_roles: {pair!r} must be like VALUE=ROLE, with one of {', '.join(ROLES)}")
        if self.oidc_role_claim and not self.oidc_roles:
            raise ValueError("oidc_roles must say what the values of oidc_role_claim stand for")

    @property
    def claimed_roles(self) -> dict[str, str]:
        """What each value of the role claim stands for."""
        return {value: role for value, _, role in (pair.rpartition("=") for pair in self.oidc_roles)}
