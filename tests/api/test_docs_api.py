"""docs/api.md names every call with its scope, and no other."""

import re
from pathlib import Path

from tests.api.test_roles import OPEN, SCOPES


def test_every_call_is_documented_with_its_scope() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z]+) (/[^`]*)` \| (\w+) \|", page, flags=re.MULTILINE)
    documented = {(method.lower(), path): scope for method, path, scope in rows}
    assert documented == dict.fromkeys(OPEN, "none") | SCOPES
