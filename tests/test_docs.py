"""What the documentation names exists, and what exists is documented."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from api.cli import main
from api.settings import describe
from classify.labels import codebook

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(group: click.Group, before: str = "tocsin") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    assert [name for name in commands(main) if f"`{name}" not in page] == []


def test_every_command_that_the_pages_name_exists() -> None:
    known = set(commands(main))
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"(?:^|`|\()(tocsin(?: [a-z][a-z-]+)+)", text, re.MULTILINE))
    unknown = {
        name
        for name in named
        if not any(name == k or name.startswith(f"{k} ") or k.startswith(f"{name} ") for k in known)
    }
    assert unknown == set()


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert [row.variable for row in describe() if f"`{row.variable}`" not in page] == []


def test_every_setting_that_the_pages_name_exists() -> None:
    known = {row.variable for row in describe()} | {"TOCSIN_CONFIG", "TOCSIN_DB_PASSWORD"}
    text = "\n".join(page.read_text() for page in PAGES)
    assert set(re.findall(r"TOCSIN_[A-Z_]+[A-Z]", text)) <= known


def test_every_link_inside_the_repository_leads_somewhere() -> None:
    links = [(page, target) for page in PAGES for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())]
    assert [f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()] == []


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_codebook_page_says_what_the_product_says() -> None:
    page = (ROOT / "docs" / "codebook.md").read_text()
    book = codebook()
    said = [text for signal in book["signals"].values() for text in (signal["mark"], signal["not_for"])]
    said += [pathway["meaning"] for pathway in book["pathways"].values()]
    said += [indicator["meaning"] for indicator in book["indicators"]]
    said += [*book["stages"].values(), *book["stances"].values(), *book["targets"].values(), *book["principles"]]
    assert [text for text in said if text not in page] == []
