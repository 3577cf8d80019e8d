"""What administrators change about one account, and what they cannot."""

import re
from collections.abc import Callable

import pyotp
import pytest
from sqlalchemy import select

from api import auth, passwords, second_factor
from api.errors import NotSignedIn
from models.account import Account
from models.audit import AuditEvent
from models.credential import Identity
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW

PASSWORD = "four herons over Marrok"


def id_of(sessions: Sessions, name: str) -> int:
    with reading(sessions) as session:
        return session.scalars(select(Account.id).where(Account.name == name)).one()


def text_of(html: str) -> str:
    return " ".join(Page(html).text.split())


def changes(sessions: Sessions, action: str) -> list[dict[str, object]]:
    with reading(sessions) as session:
        return [one.details for one in session.scalars(select(AuditEvent).where(AuditEvent.action == action))]


def test_a_role_is_changed_and_what_could_do_more_ends(
    sessions: Sessions, admin: Browser, sign_in: Callable[..., Browser]
) -> None:
    leila = sign_in("Leila", "lead")
    tokens = {scope: auth.create_token(sessions, "Leila", [scope], NOW) for scope in ("read", "push", "lead")}
    unused = auth.create_sign_in_link(sessions, "Leila", ["lead"], NOW).partition("key=")[2]
    page = f"/people/accounts/{id_of(sessions, 'Leila')}"
    assert admin.post(f"{page}/change", act="role", value="reader").headers["location"] == f"{page}?done=role"
    assert leila.get("/queue").status_code == 303
    with pytest.raises(NotSignedIn):
        auth.open_session(sessions, unused, NOW)
    with pytest.raises(NotSignedIn):
        auth.token_actor(sessions, tokens["lead"], NOW)
    assert auth.token_actor(sessions, tokens["read"], NOW)
    assert auth.token_actor(sessions, tokens["push"], NOW)
    assert changes(sessions, "account.changed") == [{"role": "reader", "was": "lead"}]
    assert "signs in again" in admin.get(f"{page}?done=role").text


def test_nobody_changes_their_own_role_not_even_by_a_link(sessions: Sessions, admin: Browser) -> None:
    ben = id_of(sessions, "Ben")
    assert admin.post(f"/people/accounts/{ben}/change", act="role", value="reader").status_code == 409
    assert admin.post("/people/links", name="Ben", role="reader").status_code == 422
    assert admin.get("/people").status_code == 200


def test_an_invitation_gives_its_role_to_whom_is_here(sessions: Sessions, admin: Browser, analyst: Browser) -> None:
    assert admin.post("/people/links", name="Amina", role="lead").status_code == 200
    assert analyst.get("/queue").status_code == 303
    admin.post(f"/people/accounts/{id_of(sessions, 'Amina')}", act="off")
    assert admin.post("/people/links", name="Amina", role="lead").status_code == 422


@pytest.mark.parametrize("wrong", [{"act": "role", "value": "king"}, {"act": "crown"}, {"act": "email", "value": "x"}])
def test_nonsense_is_refused_with_a_sentence(
    sessions: Sessions, admin: Browser, analyst: Browser, wrong: dict[str, str]
) -> None:
    answer = admin.post(f"/people/accounts/{id_of(sessions, 'Amina')}/change", **wrong)
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)


def test_an_address_belongs_to_one_account(sessions: Sessions, admin: Browser, analyst: Browser) -> None:
    amina, ben = id_of(sessions, "Amina"), id_of(sessions, "Ben")
    admin.post(f"/people/accounts/{amina}/change", act="email", value=" Amina@Desk.example ")
    assert admin.post(f"/people/accounts/{ben}/change", act="email", value="amina@desk.example").status_code == 409
    assert "amina@desk.example" in admin.get(f"/people/accounts/{amina}").text
    admin.post(f"/people/accounts/{amina}/change", act="email", value="")
    assert changes(sessions, "account.changed") == [{"email": "changed"}, {"email": "removed"}]


def test_a_link_for_a_new_password_is_shown_once(
    sessions: Sessions, admin: Browser, analyst: Browser, visitor: Browser
) -> None:
    answer = admin.post(f"/people/accounts/{id_of(sessions, 'Amina')}/change", act="link")
    link = re.findall(r"<code>([^<]+)</code>", answer.text)[0]
    led = visitor.client.post("/sign-in", data={"key": link.partition("key=")[2]})
    assert led.headers["location"] == "/sign-in/password"
    made = changes(sessions, "link.created")[-1]
    assert made == {"role": "reviewer", "purpose": "password"}
    auth.create_token(sessions, "feeder", ["push"], NOW)
    assert admin.post(f"/people/accounts/{id_of(sessions, 'feeder')}/change", act="link").status_code == 409


def test_what_was_lost_is_reset(sessions: Sessions, admin: Browser, analyst: Browser) -> None:
    amina = id_of(sessions, "Amina")
    with writing(sessions) as session:
        seed = second_factor.begin(session, amina, "", NOW)
        second_factor.confirm(session, amina, pyotp.TOTP(seed).at(NOW), "", NOW)
        account = session.get_one(Account, amina)
        passwords.keep(session, amina, passwords.new_hash(PASSWORD, account), amina, NOW)
        session.add(Identity(account_id=amina, issuer="https://id.example", subject="7", linked_at=NOW))
    shown = text_of(admin.get(f"/people/accounts/{amina}").text)
    assert "10 recovery codes are left" in shown
    assert "https://id.example" in shown
    for act, value in (("factor", ""), ("password", ""), ("identity", "1")):
        assert admin.post(f"/people/accounts/{amina}/change", act=act, value=value).status_code == 303, act
        assert admin.get(f"/people/accounts/{amina}?done={act}").status_code == 200
    assert analyst.get("/queue").status_code == 303
    assert admin.post(f"/people/accounts/{amina}/change", act="factor").status_code == 409
    assert admin.post(f"/people/accounts/{amina}/change", act="identity", value="1").status_code == 404
    assert {"what": "reset"} in changes(sessions, "second_factor.changed")
    assert changes(sessions, "password.changed")[-1] == {"has_one": False}
    assert changes(sessions, "identity.changed") == [{"what": "unlinked", "issuer": "https://id.example"}]


def test_an_account_that_is_not_there(admin: Browser) -> None:
    assert admin.get("/people/accounts/999").status_code == 404
    assert admin.post("/people/accounts/999/change", act="link").status_code == 404
