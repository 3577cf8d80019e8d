"""Texts whose form is unlike anything the model has read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.assess import classify_texts
from classify.novelty import REASON, novel
from tests.fakes import FakeScorer


@pytest.mark.parametrize(
    "text",
    [
        "def burn(self, rows): return [row.text for row in rows if row.flag]",
        '<div class="card"><a href="/keshu">Radio</a><span>7</span></div>',
        '{"id": 4, "text": "the market opens", "score": 0.25, "ok": true}',
        "4012 88120 7 13.5 19.2 4410 22 9921 100 2231 17 3 55 61 70 81",
        "for name in ${NAMES[@]}; do cp -r $name/* /tmp/out && rm -f $name; done",
    ],
)
def test_code_markup_and_tables_are_noticed(text: str) -> None:
    assert novel(text) == REASON


@pytest.mark.parametrize(
    "text",
    [
        "The council said on Monday that the road would stay closed, and 12 people came to protest.",
        "https://radio-keshu.example/a/b_c?x=1&y=2 they LIE to us!!! #stop @someone @else_1 :( :( :(",
        "wE mUsT dRiVe ThEm OuT bEfOrE tHeY tAkE eVeRyThInG wE oWn",
        "th3y 4re r@ts & v3rm1n, $ick of th3m all, l e a v e n o w!!!",
        "👳🏽🐀🐀🐀 get them out of here right now 🔥🔥🔥 before it is too late",
        "[a neighbour](https://keshu.example/p) wrote: [name] and [name] were there, <user> too",
        "ምክር ቤቱ ሰኞ ዕለት መንገዱ ዝግ ነው ብሏል። ምክር ቤቱ ሰኞ ዕለት መንገዱ ዝግ ነው ብሏል።",
    ],
)
def test_posts_are_not_however_wild(text: str) -> None:
    assert novel(text) is None


def test_a_novel_text_goes_to_people_with_the_reason_and_keeps_its_flag() -> None:
    text = 'print("We say BURN the mill", file=sys.stderr); the_council_of_the_town.close(now=True)'
    [result] = classify_texts(FakeScorer(), [text], "en")
    assert (result["abstained"], result["flag"]) == (True, True)
    assert result["abstain_reason"] == REASON


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert novel(text) in {None, REASON}
