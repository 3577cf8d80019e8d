"""Who may come in is seen and ended here: accounts, tokens, browser sessions; and all of it is kept in the log."""

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api import auth
from api.console.audit_log import SPOKEN
from api.errors import NotSignedIn
from models.account import Account, BrowserSession, Token
from models.audit import ACTIONS, AuditEvent
from models.database import Sessions, reading
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import minutes


def text_of(answer_text: str) -> str:
    return " ".join(Page(answer_text).text.split())


def shown_once(html: str) -> str:
    return re.findall(r"<code>([^<]+)</code>", html)[0]


def account_id(sessions: Sessions, name: str) -> int:
    with reading(sessions) as session:
        return session.scalars(select(Account.id).where(Account.name == name)).one()


def actions(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_a_token_is_shown_once_and_told_by_its_prefix(sessions: Sessions, admin: Browser) -> None:
    answer = admin.post("/people/tokens", name="early desk", scopes=["read", "push"], days="30")
    token = shown_once(answer.text)
    actor = auth.token_actor(sessions, token, NOW)
    assert (actor.name, actor.scopes) == ("early desk", {"read", "push"})
    with pytest.raises(NotSignedIn, match="expired"):
        auth.token_actor(sessions, token, NOW + minutes(30 * 24 * 60))
    again = admin.get("/people").text
    assert token not in again
    assert f"early desk {token[:10]}… read, push works 13 Apr 2026" in text_of(again)


@pytest.mark.parametrize(
    "wrong", [{"days": "0"}, {"days": "x"}, {"days": "9999"}, {"scopes": "root"}, {"scopes": ""}, {"name": ""}]
)
def test_a_wrong_token_is_refused_with_a_sentence(sessions: Sessions, admin: Browser, wrong: dict[str, str]) -> None:
    answer = admin.post("/people/tokens", **{"name": "desk", "scopes": "read", "days": "30"} | wrong)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    with reading(sessions) as session:
        assert session.scalars(select(Token)).all() == []


def test_a_token_is_revoked_and_says_so(sessions: Sessions, admin: Browser) -> None:
    token = auth.create_token(sessions, "desk", ["read"], NOW)
    with reading(sessions) as session:
        known = session.scalars(select(Token.id)).one()
    assert admin.post(f"/people/tokens/{known}").status_code == 303
    with pytest.raises(NotSignedIn, match="revoked"):
        auth.token_actor(sessions, token, NOW)
    assert "revoked" in text_of(admin.get("/people").text)
    assert admin.post(f"/people/tokens/{known}").status_code == 404


def test_a_person_is_let_in_with_a_role(sessions: Sessions, admin: Browser, visitor: Browser) -> None:
    answer = admin.post("/people/links", name="Emil", role="reviewer")
    link = shown_once(answer.text)
    assert visitor.client.post("/sign-in", data={"key": link.partition("key=")[2]}).status_code == 303
    assert visitor.get("/queue").status_code == 200
    assert visitor.get("/people").status_code == 403
    assert admin.post("/people/links", name="Emil", role="king").status_code == 422


def test_switching_an_account_off_ends_everything_it_holds(
    sessions: Sessions, admin: Browser, analyst: Browser
) -> None:
    token = auth.create_token(sessions, "Amina", ["read"], NOW)
    unused = auth.create_sign_in_link(sessions, "Amina", ["read"], NOW).partition("key=")[2]
    amina = account_id(sessions, "Amina")
    admin.post(f"/people/accounts/{amina}", act="off")
    assert analyst.get("/queue").status_code == 303
    admin.post(f"/people/accounts/{amina}", act="on")
    assert analyst.get("/queue").status_code == 303
    with pytest.raises(NotSignedIn):
        auth.token_actor(sessions, token, NOW)
    with pytest.raises(NotSignedIn):
        auth.open_session(sessions, unused, NOW)


def test_nobody_locks_themselves_out_and_nonsense_is_refused(sessions: Sessions, admin: Browser) -> None:
    ben = account_id(sessions, "Ben")
    assert admin.post(f"/people/accounts/{ben}", act="off").status_code == 409
    assert admin.post(f"/people/accounts/{ben}", act="crown").status_code == 422
    assert admin.post("/people/accounts/999", act="off").status_code == 404


def test_one_sees_and_ends_ones_own_browsers(
    sessions: Sessions, analyst: Browser, sign_in: Callable[..., Browser], admin: Browser
) -> None:
    other = sign_in("Amina", "review")
    assert text_of(analyst.get("/sessions").text).count("testclient") == 2
    analyst.post("/sessions")
    assert other.get("/queue").status_code == 303
    assert analyst.get("/queue").status_code == 200
    with reading(sessions) as session:
        bens = session.scalars(select(BrowserSession.id).order_by(BrowserSession.id.desc())).first()
    analyst.post("/sessions", session=str(bens))
    assert admin.get("/queue").status_code == 200
    assert analyst.post("/sessions", session="x").status_code == 404


def test_many_wrong_links_from_one_address_are_slowed_down(sessions: Sessions, app: FastAPI, visitor: Browser) -> None:
    answers = [visitor.client.post("/sign-in", data={"key": f"wrong {n}"}).status_code for n in range(32)]
    assert answers[:30] == [401] * 30
    assert answers[30:] == [429, 429]
    app.state.clock = lambda: NOW + minutes(2)
    assert visitor.client.post("/sign-in", data={"key": "wrong"}).status_code == 401
    assert actions(sessions).count("session.refused") == 31


@pytest.mark.parametrize("path", ["/people", "/audit"])
def test_only_administrators_see_who_there_is(analyst: Browser, outsider: Browser, path: str) -> None:
    assert analyst.get(path).status_code == 403
    assert outsider.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/people/links", "/people/tokens", "/people/tokens/1", "/people/accounts/1"])
def test_only_administrators_let_people_in(analyst: Browser, path: str) -> None:
    assert analyst.post(path, name="x", role="admin", scopes="admin", act="off").status_code == 403


def test_the_log_shows_and_finds_who_did_what(sessions: Sessions, admin: Browser, analyst: Browser) -> None:
    admin.post("/people/tokens", name="desk", scopes="read", days="")
    analyst.post("/sign-out")
    signed_in = ["link.created", "session.opened"]
    assert actions(sessions) == [*signed_in, *signed_in, "token.created", "session.ended"]
    text = text_of(admin.get("/audit").text)
    assert text.index("Amina ended a session") < text.index("Ben made a token")
    found = text_of(admin.get("/audit?who=Amina&action=session.ended").text)
    assert "Amina ended a session" in found
    assert "Ben made a token" not in found
    assert "Nothing in the log matches" in admin.get("/audit?about=assessment:7").text
    assert admin.get("/audit?about=x:99999999999999999999&action=%00&who=%00").status_code == 200


def test_the_log_goes_on_over_pages(sessions: Sessions, admin: Browser) -> None:
    for _ in range(101):
        auth.create_token(sessions, "desk", ["read"], NOW)
    fields = Page(admin.get("/audit").text).all("input")
    cursor = next(field["value"] for field in fields if field.get("name") == "cursor")
    last = text_of(admin.get(f"/audit?cursor={cursor}").text)
    assert "Ben signed in" in last
    assert last.count("made a token") == 2


def test_every_action_has_its_words() -> None:
    assert list(SPOKEN) == list(ACTIONS)
