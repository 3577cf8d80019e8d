"""What an operator may set, from TOCSIN_* variables and tocsin.toml: the only reader of the environment.

Each room describes its own settings as a frozen dataclass with one line of help per field; this file puts them
together, reads their values, and refuses what is wrong at start, all of it at once. The command line, docs/settings.md
and the tests read the same descriptions. Secrets that nobody set are made once and kept under the home folder.
"""

import datetime as dt
import difflib
import os
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api.account_settings import AccountSettings
from api.assist_settings import AssistSettings
from api.errors import BadSettings
from api.setting import PREFIX, Setting, convert, described
from classify.settings import ClassifySettings
from ingest.settings import IngestSettings
from warn.settings import WarnSettings

__all__ = ["BadSettings", "Settings", "describe", "load"]

FILE_VARIABLE = "TOCSIN_CONFIG"
FILE_NAME = "tocsin.toml"
ROOMS: dict[str, type[Any]] = {
    "accounts": AccountSettings,
    "ingest": IngestSettings,
    "classify": ClassifySettings,
    "warn": WarnSettings,
    "assist": AssistSettings,
}


@dataclass(frozen=True)
class Settings:
    """The settings of the whole installation; a room gets its own part."""

    home: Path = field(
        default=Path("var"), metadata={"help": "Folder of an embedded install: database, secrets, backups."}
    )
    host: str = field(default="127.0.0.1", metadata={"help": "Address the API and the console listen on."})
    port: int = field(default=8080, metadata={"help": "Port the API and the console listen on.", "range": (1, 65535)})
    database_url: str = field(
        default="",
        metadata={
            "help": "The database: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
            "shown": "sqlite:///HOME/tocsin.sqlite",
        },
    )
    public_url: str = field(
        default="",
        metadata={
            "help": "Address at which people reach the console; with https, cookies are bound to it.",
            "shown": "http://HOST:PORT",
        },
    )
    sources: str = field(
        default="sample",
        metadata={
            "help": "Packs or TOML files loaded at the start of a run, with commas between them; empty for none."
        },
    )
    log_format: str = field(
        default="plain",
        metadata={"help": "Log lines: plain for people, json for machines.", "choices": ("plain", "json")},
    )
    log_level: str = field(
        default="info",
        metadata={"help": "How much is logged; never texts.", "choices": ("debug", "info", "warning", "error")},
    )
    max_request_bytes: int = field(
        default=10 * 1024 * 1024, metadata={"help": "Largest body of one request.", "range": (1024, 1024**3)}
    )
    max_classify_texts: int = field(
        default=256, metadata={"help": "Most texts in one call of /v1/classify.", "range": (1, 10_000)}
    )
    session_hours: int = field(
        default=12, metadata={"help": "How long a browser stays signed in at most.", "range": (1, 720)}
    )
    sign_in_minutes: int = field(default=60, metadata={"help": "How long a sign-in link works.", "range": (1, 10_080)})
    lease_minutes: int = field(
        default=15, metadata={"help": "How long a passage stays with the reviewer who opened it.", "range": (1, 240)}
    )
    double_review_share: float = field(
        default=0.0,
        metadata={"help": "Share of passages that a second reviewer decides about, unknowing.", "range": (0, 1)},
    )
    exposure_per_hour: int = field(
        default=40,
        metadata={
            "help": "Marked passages opened in an hour after which a pause is proposed; 0 for never.",
            "range": (0, 10_000),
        },
    )
    webhook_seconds: float = field(
        default=15.0, metadata={"help": "Longest time one webhook call may take.", "range": (1, 60)}
    )
    webhook_disable_hours: int = field(
        default=120, metadata={"help": "A webhook that only fails for this long is switched off.", "range": (72, 8760)}
    )
    rotation_hours: int = field(
        default=24, metadata={"help": "How long the old secret of a webhook signs too.", "range": (0, 720)}
    )
    evidence_key_file: Path | None = field(
        default=None,
        metadata={
            "help": "File of the Ed25519 key that signs the evidence log; made at the first start, owner-only.",
            "shown": "HOME/secrets/evidence_key.pem",
        },
    )
    evidence_origin: str = field(
        default="",
        metadata={"help": "Name of the evidence log in its signed checkpoints.", "shown": "HOST of the public address"},
    )
    smtp_host: str = field(default="", metadata={"help": "SMTP server that e-mail subscriptions go through."})
    smtp_port: int = field(default=587, metadata={"help": "Port of the SMTP server.", "range": (1, 65535)})
    smtp_security: str = field(
        default="starttls",
        metadata={"help": "How the SMTP connection is protected.", "choices": ("starttls", "tls", "none")},
    )
    smtp_user: str = field(default="", metadata={"help": "Name to log in with; empty for no login."})
    smtp_password: str = field(
        default="", metadata={"help": "Password to log in with; nothing is made up when it is empty."}
    )
    smtp_from: str = field(default="", metadata={"help": "Sender of e-mails.", "shown": "tocsin@SMTP_HOST"})
    accounts: AccountSettings = field(default_factory=AccountSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    classify: ClassifySettings = field(default_factory=ClassifySettings)
    warn: WarnSettings = field(default_factory=WarnSettings)
    assist: AssistSettings = field(default_factory=AssistSettings)

    @property
    def base_url(self) -> str:
        """Where the console is, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def evidence_key(self) -> Path:
        """Where the key of the evidence log is kept."""
        return self.evidence_key_file or self.home / "secrets" / "evidence_key.pem"

    @property
    def log_origin(self) -> str:
        """The name of the evidence log, without a scheme, as signed notes want it."""
        return self.evidence_origin or self.base_url.partition("://")[2]

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https, so that cookies may insist on it."""
        return self.base_url.startswith("https://")

    @property
    def session_lifetime(self) -> dt.timedelta:
        """How long a browser stays signed in."""
        return dt.timedelta(hours=self.session_hours)

    @property
    def session_idle(self) -> dt.timedelta:
        """How long a browser stays signed in that asks for nothing."""
        return dt.timedelta(minutes=self.accounts.session_idle_minutes)

    @property
    def lease(self) -> dt.timedelta:
        """How long a passage stays with the reviewer who opened it."""
        return dt.timedelta(minutes=self.lease_minutes)

    @property
    def link_lifetime(self) -> dt.timedelta:
        """How long a sign-in link works."""
        return dt.timedelta(minutes=self.sign_in_minutes)


def describe() -> list[Setting]:
    """Return every setting: the api's own first, then each room's."""
    own = [setting for setting in described("api", Settings) if setting.name not in ROOMS]
    return own + [setting for room, kind in ROOMS.items() for setting in described(room, kind)]


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read the settings; a variable wins over the file. Raises BadSettings with every mistake found."""
    environ = os.environ if environ is None else environ
    mistakes: list[str] = []
    known = {setting.name: setting for setting in describe()}
    raw: dict[str, tuple[str, Any]] = {}  # name -> (where it was set, value)
    for source in (_from_file(environ, folder or Path()), _from_variables(environ)):
        for name, place, value in source:
            if isinstance(value, BadSettings):
                mistakes += value.mistakes
            elif name in known:
                raw[name] = (place, value)
            else:
                mistakes.append(_unknown(name, place, known))
    values: dict[str, Any] = {}
    for name, (place, value) in raw.items():
        try:
            values[name] = convert(known[name], value)
        except ValueError as error:
            mistakes.append(f"{place}: {error}")
    settings = _assembled(values, raw, mistakes)
    if mistakes or settings is None:
        raise BadSettings(mistakes)
    return settings


def places(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> dict[str, str]:
    """Say where each setting that somebody set was set: a variable's name, or a file with its line."""
    environ = os.environ if environ is None else environ
    found = (*_from_file(environ, folder or Path()), *_from_variables(environ))
    return {name: place for name, place, value in found if not isinstance(value, BadSettings)}


def _assembled(values: dict[str, Any], raw: dict[str, tuple[str, Any]], mistakes: list[str]) -> Settings | None:
    """Build the parts; each may refuse its values together, and says so in one sentence."""
    home = values.setdefault("home", Path("var"))
    values["database_url"] = values.get("database_url") or f"sqlite:///{home / 'tocsin.sqlite'}"
    mistakes += _url_mistakes(values)
    parts: dict[str, Any] = {}
    for room, kind in ROOMS.items():
        own = {setting.name: values.pop(setting.name) for setting in described(room, kind) if setting.name in values}
        if not mistakes:
            own |= {s.name: own.get(s.name) or _kept_secret(home, s.name) for s in described(room, kind) if s.made}
        try:
            parts[room] = kind(**own)
        except ValueError as error:
            name = re.match(r"\w*", str(error)).group()  # type: ignore[union-attr]  # matches the empty text too
            mistakes.append(f"{raw[name][0]}: {error}" if name in raw else str(error))
    return None if mistakes else Settings(**values, **parts)


def _url_mistakes(values: dict[str, Any]) -> Iterator[str]:
    try:
        backend = make_url(values["database_url"]).get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in {"sqlite", "postgresql"}:
        # The value is not repeated: it may hold a password.
        yield "database_url must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
    public = values.get("public_url", "")
    if public and not re.fullmatch(r"https?://[^/\s?#]+/?", public):
        yield f"public_url is {public!r} and must be like https://tocsin.example.org, without a path"


def _from_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
    for variable, value in sorted(environ.items()):
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE:
            yield variable.removeprefix(PREFIX).lower(), variable, value


def _from_file(environ: Mapping[str, str], folder: Path) -> Iterator[tuple[str, str, Any]]:
    named = environ.get(FILE_VARIABLE)
    path = Path(named) if named else folder / FILE_NAME
    if not named and not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except (OSError, ValueError) as error:
        yield "", str(path), BadSettings([f"{path} cannot be read: {error}"])
        return
    for name, value in found.items():
        line = next(
            (n for n, row in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[?{re.escape(name)}\b", row)), 0
        )
        yield name, f"{path}:{line}", value


def _unknown(name: str, place: str, known: Mapping[str, Setting]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    written = [PREFIX + key.upper() if place.startswith(PREFIX) else key for key in (name, *near)]
    hint = f"did you mean {written[1]}?" if near else "docs/settings.md lists those that exist"
    return f"{place}: {written[0]} is no setting; {hint}"


def _kept_secret(home: Path, name: str) -> str:
    """Return the secret kept under home, made now when there is none; only its owner may read it."""
    path = home / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made := secrets.token_hex(32))
    return made
