"""Which language a page is in: the account's, else the cookie's, else the best that the browser accepts."""

from collections.abc import Callable

import pytest

from api.console import translation
from models.account import Account
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.factories import add_assessment


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Only what differs between databases is tested where the queries are."""
    return sqlite_url


def language(browser: Browser, path: str = "/about", **headers: str) -> tuple[str | None, str | None]:
    (html,) = Page(browser.client.get(path, headers=headers).text).all("html")
    return html["lang"], html["dir"]


def accepting(wish: str) -> dict[str, str]:
    return {"Accept-Language": wish}


@pytest.mark.parametrize(
    ("wish", "got"),
    [
        ("", "en"),
        ("fr-CD,fr;q=0.9,en;q=0.5", "fr"),
        ("de, sw;q=0.3, ar-SD;q=0.7", "ar"),
        ("de;q=1, *;q=0.1", "en"),
        ("fr;q=0", "en"),
        ("fr;q=many, sw", "sw"),
        (",;=,q=,;;", "en"),
        ("AR", "ar"),
    ],
)
def test_the_browsers_wish_is_understood(wish: str, got: str) -> None:
    assert translation.choose(None, wish) == got
    assert translation.choose("xx", wish) == got


def test_a_page_says_its_language_and_direction(analyst: Browser) -> None:
    assert language(analyst) == ("en", "ltr")
    answer = analyst.client.get("/about", headers=accepting("ar"))
    assert (answer.headers["content-language"], language(analyst, **accepting("ar"))) == ("ar", ("ar", "rtl"))
    assert "ما الغرض منها" in answer.text


def test_the_cookie_goes_before_the_browser_and_the_account_before_the_cookie(
    sessions: Sessions, analyst: Browser
) -> None:
    analyst.client.cookies.set("tocsin_language", "sw")
    assert language(analyst, **accepting("fr")) == ("sw", "ltr")
    with writing(sessions) as session:
        session.query(Account).one().locale = "ar"
    assert language(analyst, **accepting("fr")) == ("ar", "rtl")


def test_the_switch_keeps_the_language_with_the_account_and_comes_back(
    sessions: Sessions, sign_in: Callable[..., Browser]
) -> None:
    browser = sign_in("Amina", "review")
    answer = browser.post("/language", locale="fr", back="/queue?show=all")
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue?show=all")
    with reading(sessions) as session:
        assert session.query(Account).one().locale == "fr"
    assert "File d’examen" in browser.get("/queue?show=all").text
    assert language(sign_in("Amina", "review")) == ("fr", "ltr")  # in another browser


def test_a_visitor_keeps_it_in_the_browser(visitor: Browser) -> None:
    answer = visitor.client.post("/language", data={"locale": "ar", "back": "/sign-in"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert language(visitor, "/sign-in") == ("ar", "rtl")


def test_the_switch_refuses_what_it_does_not_know(analyst: Browser) -> None:
    assert analyst.post("/language", locale="xx", back="/").status_code == 422
    assert analyst.client.post("/language", data={"locale": "fr", "back": "/"}).status_code == 403
    assert analyst.post("/language", locale="fr", back="https://example.org").headers["location"] == "/"


def test_the_switch_stands_on_every_page_and_names_each_language_in_itself(analyst: Browser, visitor: Browser) -> None:
    for page in (Page(analyst.get("/queue?q=x").text), Page(visitor.get("/sign-in?key=a").text)):
        buttons = [button for button in page.all("button") if button.get("name") == "locale"]
        assert [(button["value"], button["lang"], button["dir"]) for button in buttons] == [
            ("en", "en", "ltr"), ("fr", "fr", "ltr"), ("ar", "ar", "rtl"), ("sw", "sw", "ltr"),
        ]  # fmt: skip
        assert [button["value"] for button in buttons if button.get("aria-current")] == ["en"]
    backs = [field["value"] for field in Page(analyst.get("/queue?q=x").text).all("input") if field["name"] == "back"]
    assert backs == ["/queue?q=x"]


def test_a_refusal_speaks_the_readers_language(analyst: Browser) -> None:
    answer = analyst.client.get("/assessments/999", headers=accepting("fr"))
    assert answer.status_code == 404
    assert "Il n’y a pas de passage 999" in answer.text
    assert "Introuvable" in answer.text


def test_keys_stay_while_their_words_change(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session, stage=3).id
    page = analyst.client.get(f"/assessments/{passage}", headers=accepting("sw")).text
    assert 'name="signals" value="incitement"' in page
    assert "Uchochezi wa vurugu" in page
    assert "3 (vurugu)" in page
    assert "Incitement to violence" not in page


def test_dates_and_numbers_are_written_as_the_language_does(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        add_assessment(session)
    said = {wish: analyst.client.get("/queue", headers=accepting(wish)).text for wish in ("en", "fr", "ar", "sw")}
    assert "14 Mar 2026, 09:30 UTC" in said["en"]
    assert "14 mars 2026, 09:30 UTC" in said["fr"]
    assert "14 مارس 2026، 09:30 UTC" in said["ar"]
    assert "14 Mac 2026, 09:30 UTC" in said["sw"]


def test_two_requests_at_once_speak_two_languages(analyst: Browser) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        wishes = ["fr", "ar", "sw", "en"] * 5
        assert [got for got, _ in pool.map(lambda wish: language(analyst, **accepting(wish)), wishes)] == wishes
