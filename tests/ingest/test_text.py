"""Text is read out of markup, all of it, whatever the markup does."""

import pytest

from ingest.text import article_text, dump_text, is_page, plain_title

STORY = (
    "<p>"
    + "</p><p>".join(f"The council of Marrok met for the {n}th time to speak about water." for n in range(12))
    + "</p>"
)
PAGE = (
    "<html><head><title>Water</title></head><body><nav><a href='/'>Home</a></nav>"
    f"<article><h1>Water</h1>{STORY}</article></body></html>"
)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain words", "plain words"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("a<br>b", "a\nb"),
        ("in<b>si</b>de", "inside"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("  many \n\n  <p> spaces </p>\n", "many\nspaces"),
        ("ሰላም <i>ዓለም</i>", "ሰላም ዓለም"),
        ("<title>Head</title><p>body</p>", "body"),
        ("<noscript>seen</noscript>", "seen"),
        ("", ""),
        ("<!-- only a comment -->", ""),
        ("<p></p>", ""),
    ],
)
def test_readable_text_comes_out(markup: str, text: str) -> None:
    assert dump_text(markup) == (text, False)


@pytest.mark.parametrize("depth", [200, 300, 5_000, 100_000])
def test_no_depth_hides_text(depth: int) -> None:
    text, _ = dump_text("<div>" * depth + "the needle" + "</div>" * depth)
    assert text == "the needle"


@pytest.mark.parametrize(
    "markup", ["<a b='" * 5000 + "needle", "<!-- never closed needle", "<" * 50_000 + " needle", "<p <b needle"]
)
def test_broken_markup_still_shows_its_text(markup: str) -> None:
    text, _ = dump_text(markup)
    assert "needle" in text


def test_a_title_is_one_line() -> None:
    assert plain_title(" Bread &amp; <b>salt</b>\n today ") == "Bread & salt today"
    assert plain_title("2 < 3  apples") == "2 < 3 apples"


def test_an_article_is_found_in_its_page() -> None:
    found = article_text(PAGE.encode())
    assert found["how"] == "article"
    assert "12" not in found["text"]
    assert "11th time" in found["text"]
    assert "Home" not in found["text"]


@pytest.mark.parametrize("depth", [300, 2_000, 5_000])
def test_where_the_extractor_gives_up_all_text_is_read(depth: int) -> None:
    page = "<html><body>" + "<div>" * depth + "<p>the needle</p>" + "</div>" * depth + "</body></html>"
    found = article_text(page.encode())
    assert found["how"] == "fallback"
    assert "the needle" in found["text"]


def test_a_page_is_known_from_a_fragment() -> None:
    assert is_page(PAGE)
    assert not is_page("<p>Story</p>")
