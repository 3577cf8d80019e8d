"""Which language a text is in, and how sure that is."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from classify.language import identify

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


@pytest.mark.parametrize("text", ["", "12345 !!", "🐀🐀", "https://example.org/x"])
def test_without_letters_no_language_is_told(text: str) -> None:
    assert identify(text) == ("und", 0.0)


@pytest.mark.parametrize("text", ["I hate this", "they must go", "no they are not"])
def test_short_posts_are_english(text: str) -> None:
    assert identify(text)[0] == "en"


def test_a_hint_decides_what_the_text_leaves_open() -> None:
    assert identify("pole sana", hint="sw")[0] == "sw"


def test_a_hint_does_not_overrule_a_clear_text() -> None:
    assert identify(SENTENCES["fr"], hint="en")[0] == "fr"
    assert identify(SENTENCES["am"], hint="en")[0] == "am"


def test_the_answer_is_the_same_in_every_thread() -> None:
    texts = list(SENTENCES.values()) * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(identify, texts)) == [identify(text) for text in texts]
