"""Names of groups are searched by everybody and kept by administrators, in the operator's own file."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api.settings import Settings
from classify import gazetteer
from classify.settings import ClassifySettings
from models.audit import AuditEvent
from models.database import Sessions, reading
from tests.api.console.conftest import Browser, Page

ENTRY = {"act": "keep", "name": "Varni", "target": "ethnicity_race", "aliases": "sw: Wavarni, Mvarni\nVarnis",
         "region": "Marrok", "source": "the desk", "benign": "also a river"}  # fmt: skip


@pytest.fixture
def path(app: FastAPI, tmp_path: Path) -> Path:
    file = tmp_path / "names.jsonl"
    file.write_text("# ours\n")
    app.state.settings = replace(Settings(), classify=ClassifySettings(gazetteer=file))
    return file


def text_of(browser: Browser, address: str) -> str:
    return " ".join(Page(browser.get(address).text).text.split())


def test_an_entry_is_kept_found_and_read_again_by_workers(
    sessions: Sessions, admin: Browser, outsider: Browser, path: Path
) -> None:
    assert gazetteer.find(gazetteer.load(path), "Wavarni", "sw") == []
    assert admin.post("/gazetteer", **ENTRY).status_code == 303
    os.utime(path, ns=(1, 1))  # so that the clock's grain does not matter
    assert [one.name for one in gazetteer.find(gazetteer.load(path), "the Wavarni and Varnis", "sw")] == [
        "Varni",
        "Varni",
    ]
    assert path.read_text().startswith("# ours\n")
    text = text_of(outsider, "/gazetteer?q=mvarni")
    assert "Varni Marrok Ethnicity or race sw Wavarni, Mvarni" in text
    assert "your file the desk" in text
    with reading(sessions) as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "gazetteer.changed")).all()
        assert event.details == {"name": "Varni", "act": "keep"}


def test_the_form_shows_what_is_kept_and_takes_it_away(admin: Browser, path: Path) -> None:
    admin.post("/gazetteer", **ENTRY)
    shown = admin.get("/gazetteer?edit=Varni").text
    assert "sw: Wavarni, Mvarni\n*: Varnis" in shown
    assert "Take it away" in shown
    admin.post("/gazetteer", **ENTRY | {"aliases": "Varnis"})
    assert [entry.aliases for entry in gazetteer.read(path)] == [{"*": ["Varnis"]}]
    admin.post("/gazetteer", act="remove", name="Varni")
    assert gazetteer.read(path) == []


def test_what_is_wrong_is_refused_and_leaves_the_file(admin: Browser, analyst: Browser, path: Path) -> None:
    for wrong in ({"name": " "}, {"target": "everybody"}, {"act": "dance"}):
        assert admin.post("/gazetteer", **ENTRY | wrong).status_code == 422
    assert analyst.post("/gazetteer", **ENTRY).status_code == 403
    assert path.read_text() == "# ours\n"
    path.write_text("no entry\n")
    assert "line 1 is not a gazetteer entry" in text_of(admin, "/gazetteer")
    assert admin.post("/gazetteer", **ENTRY).status_code == 409


def test_without_a_file_the_page_says_how_to_have_one(admin: Browser) -> None:
    assert "set TOCSIN_GAZETTEER to a file" in text_of(admin, "/gazetteer")
    assert admin.post("/gazetteer", **ENTRY).status_code == 409
    assert "Kikuyu" in text_of(admin, "/gazetteer?q=kikuyu")
