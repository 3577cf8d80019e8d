"""One setting: how it is described, and how its value is read out of a text or a TOML value.

It knows neither where values come from nor what they are for.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFIX = "TOCSIN_"
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Setting:
    """One line of the settings' description; `kind` is the type of its value."""

    name: str
    room: str
    default: Any
    help: str
    kind: Any
    choices: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    shown: str = ""
    secret: bool = False

    @property
    def made(self) -> bool:
        """Whether we make up a value that nobody set: only one secret can be made, not those of others."""
        return self.secret and self.kind is str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()


def described(room: str, kind: type[Any]) -> list[Setting]:
    """Return the settings that a room's dataclass holds, as its fields describe them."""
    hints = typing.get_type_hints(kind)
    return [
        Setting(
            name=one.name,
            room=room,
            default=None if one.default is dataclasses.MISSING else one.default,
            help=one.metadata.get("help", ""),
            kind=hints[one.name],
            **{key: one.metadata[key] for key in ("choices", "range", "shown", "secret") if key in one.metadata},
        )
        for one in dataclasses.fields(kind)
    ]


def convert(setting: Setting, value: Any) -> Any:
    """Turn a variable's text or a TOML value into what the setting holds; raises ValueError saying what is right."""
    optional, kind = _unwrapped(setting.kind)
    if optional and value in ("", None):
        return None
    right, change = _CONVERSIONS[kind]
    try:
        changed = change(value)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{_shown(setting, value)} must be {right}") from None
    if setting.choices and changed not in setting.choices:
        raise ValueError(f"{_shown(setting, value)} must be one of {', '.join(setting.choices)}")
    if setting.range and not setting.range[0] <= changed <= setting.range[1]:
        raise ValueError(f"{_shown(setting, value)} must lie between {setting.range[0]:g} and {setting.range[1]:g}")
    return changed


def _unwrapped(kind: Any) -> tuple[bool, Any]:
    """Take `X | None` apart; a tuple of strings is its own kind."""
    if isinstance(kind, types.UnionType):
        inner = [one for one in typing.get_args(kind) if one is not type(None)]
        return True, inner[0]
    return False, typing.get_origin(kind) or kind


def _shown(setting: Setting, value: Any) -> str:
    return f"{setting.name} is {'***' if setting.secret else repr(value)} and"


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in TRUE | FALSE:
        raise ValueError(word)
    return word in TRUE


def _whole(value: Any) -> int:
    if isinstance(value, bool | float):
        raise TypeError
    return int(value)


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise TypeError
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(_text(part) for part in value)


def _path(value: Any) -> Path:
    if not _text(value):
        raise ValueError
    return Path(_text(value)).expanduser()


_CONVERSIONS: dict[Any, tuple[str, Callable[[Any], Any]]] = {
    bool: ("true or false", _boolean),
    int: ("a whole number", _whole),
    float: ("a number", _number),
    str: ("text", _text),
    tuple: ("texts with commas between them", _texts),
    Path: ("a path", _path),
}
