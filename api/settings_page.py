"""Write docs/settings.md out of the settings' own descriptions: `python -m api.settings_page > docs/settings.md`."""

from pathlib import Path
from typing import Any

from api.setting import Setting
from api.settings import describe

TITLES = {
    "api": "Service",
    "accounts": "People (`api/`)",
    "ingest": "Collecting (`ingest/`)",
    "classify": "Classifying (`classify/`)",
    "warn": "Warning (`warn/`)",
    "assist": "Help from other machines (off by default)",
}
HEAD = """# Settings

Every setting is a variable of the environment, or a line of `tocsin.toml` in the working folder (another file:
`TOCSIN_CONFIG`). In the file the name stands without `TOCSIN_` and in lower case. A variable wins over the file. A name
that does not exist, or a value that cannot be right, stops the start with one line for each mistake.

```toml
# tocsin.toml
port = 8080
allowed_networks = ["10.1.0.0/16"]
```

Secrets that are not set are made at the first start and kept under `TOCSIN_HOME/secrets`, readable by their owner only.
Keep that folder apart from backups of the database: the keyed hashes of authors are only as secret as the key.

This page is written by `python -m api.settings_page > docs/settings.md`; a test compares them.
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for room, title in TITLES.items():
        rows = [f"| `{one.variable}` | {shown(one)} | {sentence(one)} |" for one in describe() if one.room == room]
        parts.append(
            "\n".join([f"## {title}", "", "| variable | default | what it does |", "|---|---|---|", *rows, ""])
        )
    return "\n".join(parts)


def shown(setting: Setting) -> str:
    """Return how a default reads in the table."""
    if setting.made:
        return "made at the first start"
    if setting.shown:
        return f"`{setting.shown}`"
    text = plain(setting.default)
    return f"`{text}`" if text else "empty"


def plain(value: Any) -> str:
    """Return a default as it would be written in a variable."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value.as_posix() if isinstance(value, Path) else value)


def sentence(setting: Setting) -> str:
    """Return the line of help with a capital, a stop, and the values that are allowed."""
    text = setting.help[:1].upper() + setting.help[1:]
    text = text if text.endswith(".") else f"{text}."
    if setting.range:
        text += f" From {setting.range[0]:,} to {setting.range[1]:,}."
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
