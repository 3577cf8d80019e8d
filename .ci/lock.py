"""Pin every distribution that the declared dependencies need; run by `make lock` in an empty environment.

Writes requirements.lock (what a fresh install runs) and requirements-dev.lock (what the tests add). A local build's
suffix (`+cpu`) is dropped, so that the pin names the release and each machine takes the build it has.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
# The tools that build the wheel are pinned too, because the tests build it without isolation.
BUILD = ["setuptools>=80,<82", "wheel"]


def frozen() -> set[str]:
    lines = subprocess.run([*PIP, "freeze", "--all"], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split("+")[0] for line in lines if not line.startswith(("pip==", "-e"))}


def install(requirements: list[str]) -> None:
    subprocess.run([*PIP, "install", "--quiet", *requirements], check=True)


def main() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())
    install([*project["project"]["dependencies"], *BUILD])
    runtime = frozen()
    install(project["dependency-groups"]["dev"])
    head = "# Written by `make lock` from pyproject.toml; do not edit.\n"
    for name, pins in (("requirements.lock", runtime), ("requirements-dev.lock", frozen() - runtime)):
        Path(name).write_text(head + "\n".join(sorted(pins, key=str.lower)) + "\n")


if __name__ == "__main__":
    main()
