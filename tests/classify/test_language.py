"""Which language a text is in, and how sure that is."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from classify.decide import LEAST_CONFIDENCE
from classify.language import identify, tell
from classify.switching import switch

SENTENCES = {
    "en": "The council said on Monday that the road would stay closed.",
    "fr": "Le conseil a annoncé lundi que la route resterait fermée.",
    "sw": "Baraza limesema Jumatatu kwamba barabara itaendelea kufungwa.",
    "ha": "Majalisar ta ce a ranar Litinin cewa za a rufe hanyar.",
    "yo": "Ìgbìmọ̀ náà sọ ní ọjọ́ Ajé pé wọn yóò ti ọ̀nà náà.",
    "so": "Golaha ayaa sheegay Isniintii in waddadu xiran tahay.",
    "om": "Manni maree Wixata akka daandiin cufamee turu beeksise.",
    "ar": "قال المجلس يوم الاثنين إن الطريق سيبقى مغلقا.",
    "fa": "شورا روز دوشنبه گفت که جاده بسته می‌ماند و گزارش چاپ شد.",
    "am": "ምክር ቤቱ ሰኞ ዕለት መንገዱ ዝግ ነው ብሏል።",
    "ti": "ባይቶ ሰኑይ ከም ዝበሎ እቲ መንገዲ ኣብ ዝቕጽል ዕጹው እዩ።",
    "my": "ကောင်စီက တနင်္လာနေ့တွင် လမ်းပိတ်ထားမည်ဟု ပြောသည်။",
    "ru": "Совет сообщил в понедельник, что дорога останется закрытой.",
    "uk": "Рада повідомила в понеділок, що дорога залишиться закритою, її не відкриють.",
    "hi": "परिषद ने सोमवार को कहा कि सड़क बंद रहेगी।",
    "ka": "საბჭომ ორშაბათს განაცხადა",
    "zh": "委员会星期一表示道路将继续关闭",
    "ja": "評議会は月曜日に道路を閉鎖すると発表した",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_told_by_its_language(code: str) -> None:
    found, confidence = identify(SENTENCES[code])
    assert found == code
    assert confidence > 0.5


@pytest.mark.parametrize("text", ["", "12345 !!", "🐀🐀", "https://example.org/x", "AAAAAA"])
def test_without_letters_no_language_is_told(text: str) -> None:
    assert identify(text) == ("und", 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "I hate this",
        "they must go",
        "no they are not",
        "send them all back home",
        "Rats do not deserve a vote",
        "WE WILL NOT FORGET THIS",
        "the Keshu do not belong here, none of them",
    ],
)
def test_short_posts_are_english(text: str) -> None:
    code, confidence = identify(text)
    assert code == "en"
    assert confidence >= LEAST_CONFIDENCE


def test_a_hint_decides_what_the_text_leaves_open() -> None:
    assert identify("pole sana", hint="sw")[0] == "sw"


def test_a_hint_does_not_overrule_a_clear_text() -> None:
    assert identify(SENTENCES["fr"], hint="en")[0] == "fr"
    assert identify(SENTENCES["am"], hint="en")[0] == "am"


def test_the_answer_is_the_same_in_every_thread() -> None:
    texts = list(SENTENCES.values()) * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(identify, texts)) == [identify(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("they came jana usiku na wakachukua everything we had", {"en", "sw"}),
        ("hawa watu are not welcome in our town, waende kwao", {"en", "sw"}),
        ("on est sortis البارح مع العائلة et c'était génial", {"fr", "ar"}),
    ],
)
def test_a_post_in_two_languages_is_mixed_and_says_which(text: str, parts: set[str]) -> None:
    told = tell(text)
    assert told.code == "mixed"
    assert set(told.parts) == parts
    assert 0.5 <= told.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "the county said the road would open on Monday but bado it is closed",
        "Radio Keshu played Alla Turca twice before the news and nobody complained",
    ],
)
def test_a_foreign_word_or_a_name_makes_no_text_mixed(text: str) -> None:
    assert identify(text)[0] == "en"


def test_a_latin_name_makes_no_arabic_text_mixed() -> None:
    assert identify("قال المجلس يوم الاثنين إن Radio Keshu سيبقى مغلقا")[0] == "ar"


@pytest.mark.parametrize("text", ["ana mesh 3aref ba3mel eh delwa2ty", "wallah 7aram elli byes7al fina"])
def test_arabic_in_chat_letters_is_told_apart_from_what_it_looks_like(text: str) -> None:
    assert identify(text)[0] == "ar-Latn"


@pytest.mark.parametrize("text", ["meet me at 7pm on the 2nd floor, gate b2", "gr8 m8, c u l8r 4 sure"])
def test_english_with_numbers_is_not_arabic(text: str) -> None:
    assert identify(text)[0] == "en"


def test_the_words_of_a_mixed_text_change_language_only_where_that_explains_them() -> None:
    words = ["word"] * 8
    halves = np.array([[2.0, 0.0]] * 4 + [[0.0, 2.0]] * 4)
    found = switch(halves, words)
    assert found is not None
    assert set(found.places) == {0, 1}
    assert switch(np.array([[2.0, 0.0]] * 8), words) is None
    assert switch(halves * 0.1, words) is None
    assert switch(np.array([[2.0, 0.0]] * 7 + [[0.0, 5.0]]), words) is None
    assert switch(halves[1:6], words[1:6]) is None
