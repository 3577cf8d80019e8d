"""Fault 17: the words of a page come out right, or the note says that its characters were guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.charset import decoded

RUSSIAN = "Рынок в Марроке открылся в восемь, и совет говорил о воде, дорогах и школах. " * 4
ARABIC = "افتُتح سوق مَرّوك في الثامنة وتحدث المجلس عن الماء والطرق والمدارس. " * 4
PLAIN = ARABIC.replace("ُ", "").replace("َ", "").replace("ّ", "")


def page(words: str, head: str = "") -> str:
    return f"<html><head>{head}<title>News</title></head><body><p>{words}</p></body></html>"


@pytest.mark.parametrize(
    ("body", "content_type", "charset", "note"),
    [
        (page(RUSSIAN).encode("koi8-r"), "text/html; charset=KOI8-R", "koi8-r", None),
        (page(RUSSIAN, '<meta charset="windows-1251">').encode("cp1251"), "text/html", "cp1251", None),
        (page(PLAIN).encode("cp1256"), "text/html; charset=windows-1256", "cp1256", None),
        # The line that says it stands far behind the first kilobyte.
        (page(RUSSIAN, "<!--" + "x" * 5000 + '--><meta charset="koi8-r">').encode("koi8-r"), "", "koi8-r", None),
        # A server that was installed with Latin-1 and serves UTF-8.
        (
            page(ARABIC).encode(),
            "text/html; charset=ISO-8859-1",
            "utf-8",
            "charset: utf-8, although cp1252 is declared",
        ),
        (page(RUSSIAN).encode(), "text/html; charset=no-such-thing", "utf-8", None),
        (page(RUSSIAN).encode("utf-16"), "text/html; charset=utf-8", "utf-16", None),
        (page(RUSSIAN).encode("utf-16-le"), "text/html", "utf-16-le", "charset guessed: utf-16-le"),
        (page(RUSSIAN).encode("utf-16-be"), "text/html", "utf-16-be", "charset guessed: utf-16-be"),
        (page("plain words").encode(), "text/html", "utf-8", None),
        (b"", "", "utf-8", None),
    ],
)
def test_what_is_declared_or_plain_is_read(body: bytes, content_type: str, charset: str, note: str | None) -> None:
    found = decoded(body, content_type)
    assert (found.charset, found.note) == (charset, note)
    words = next((words for words in (RUSSIAN, ARABIC, PLAIN, "plain words") if words.split()[0] in found.text), None)
    assert words is not None or not body


def test_a_page_that_declares_nothing_is_guessed_and_says_so() -> None:
    found = decoded(page(RUSSIAN).encode("koi8-r"))
    assert found.note is not None
    assert found.note.startswith("charset guessed: ")


def test_a_lie_that_does_not_fit_is_not_believed() -> None:
    found = decoded(page(RUSSIAN).encode("cp1251"), "text/html; charset=utf-8")
    assert found.charset != "utf-8"
    assert (found.note or "").startswith("charset guessed: ")


@pytest.mark.parametrize("name", ["utf-7", "punycode", "unicode_escape", "rot13", "zlib", "idna"])
def test_a_codec_that_is_no_character_set_is_never_used(name: str) -> None:
    body = b"<p>+ADw-script+AD4- \\u0041 xn--a " + "é".encode("latin-1") + b"</p>"
    found = decoded(body, f"text/html; charset={name}")
    assert "<script" not in found.text
    assert "\\u0041" in found.text


@given(st.binary(max_size=400), st.text(max_size=60))
def test_no_bytes_and_no_header_make_it_raise(body: bytes, content_type: str) -> None:
    assert isinstance(decoded(body, content_type).text, str)
    assert isinstance(decoded(body, f"text/html; charset={content_type}").text, str)
