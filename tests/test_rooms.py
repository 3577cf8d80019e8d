"""The house rules of ARCHITECTURE that an import check cannot see."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("api", "classify", "ingest", "migrations", "models", "warn")


def tracked(*folders: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True)
    return listed.stdout.splitlines()


def modules() -> list[Path]:
    return [ROOT / name for name in tracked(*ROOMS) if name.endswith(".py")]


def holding(pattern: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in modules() if re.search(pattern, path.read_text(), re.MULTILINE)}


def test_only_the_database_module_commits() -> None:
    assert holding(r"\.commit\(") == {"models/database.py"}


def test_only_the_settings_module_reads_the_environment() -> None:
    assert holding(r"os\.environ|os\.getenv|\bgetenv\(") == {"api/settings.py"}


def test_only_the_model_and_its_training_import_torch() -> None:
    importers = holding(r"^\s*(import torch|from torch)")
    assert importers
    assert all(name == "classify/model.py" or name.startswith("classify/train/") for name in importers)


@pytest.mark.parametrize("module", ["api.app", "api.cli", "api.worker", "classify.assess", "classify.labels"])
def test_torch_stays_out_until_a_text_must_be_scored(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.model
def test_the_bundled_model_needs_no_torch_and_no_database_and_phones_nobody() -> None:
    code = (
        "import sys; from classify.engines import load; from classify.settings import ClassifySettings;"
        "load(ClassifySettings()).score(['Rain.']);"
        "sys.exit(any(sys.modules.get(name) for name in ('torch', 'transformers', 'sqlalchemy', 'openvino_telemetry')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_whoever_opens_a_database_knows_all_its_tables() -> None:
    named = {path.stem for path in modules() if path.parent.name == "models" and "__tablename__" in path.read_text()}
    code = "import sys, models.database; print(*(name.removeprefix('models.') for name in sys.modules))"
    known = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert named
    assert named <= set(known.split())


def test_no_drawer_for_everything() -> None:
    assert not [path for path in modules() if path.stem in {"utils", "helpers", "common", "misc"}]


def test_every_module_says_what_it_is() -> None:
    assert [str(path) for path in modules() if not path.read_text().lstrip().startswith(('"""', 'r"""'))] == []


@pytest.mark.slow
def test_the_wheel_holds_the_rooms_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(tmp_path / "out"),
            str(_copy(tmp_path)),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "out").glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == set(tracked(*ROOMS))


def _copy(tmp_path: Path) -> Path:
    """Build from what git tracks, in a folder of its own: a stray file here must not hide a missing one there."""
    target = tmp_path / "tree"
    for name in tracked():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((ROOT / name).read_bytes())
    return target


def test_the_lock_pins_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    declared = {re.split(r"[\[<>=~! ]", name)[0].lower().replace("_", "-") for name in names}
    lines = [
        line
        for lock in ("requirements.lock", "requirements-dev.lock")
        for line in (ROOT / lock).read_text().splitlines()
    ]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert declared <= pinned
    assert "torch==2.13.0" in lines
