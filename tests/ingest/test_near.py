"""Near-copies are found in any script; different texts are not merged."""

import pytest

from ingest import near

STORY = (
    "The council of Marrok met on Thursday to discuss the price of water. A vote is expected next week, and residents "
    "may send comments until Friday. The mayor said that no decision had been taken."
)
AMHARIC = "የማሮክ ከተማ ምክር ቤት አዲሱ የጤና ጣቢያ በሚቀጥለው ሳምንት አገልግሎት እንደሚጀምር አስታወቀ። ነዋሪዎች ማክሰኞ ክትባት ማግኘት ይችላሉ።"


def same(one: str, other: str) -> bool:
    plain, against = near.normalised(one), near.normalised(other)
    found = set(near.bands(plain)) & set(near.bands(against))
    return bool(found) and near.nearest(plain, [against]) == 0


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        STORY.upper() + "!!!",
        "RT @ketta: " + STORY + " https://example.org/x #water",
        "(Agency) - " + STORY[:-60],
        STORY.replace("Thursday", "Friday").replace("mayor", "governor"),
    ],
)
def test_copies_are_found(copy: str) -> None:
    assert same(STORY, copy)


def test_copies_are_found_in_other_scripts() -> None:
    assert same(AMHARIC, "ሰበር ዜና " + AMHARIC)
    assert same(
        "أعلنت بلدية ماروك أن سوق المدينة سيفتح أبوابه يوم السبت",
        "أعلنت بلدية ماروك: أن سوق المدينة سيفتح أبوابه يوم السبت!",
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            STORY,
            "The bridge over the river Sarn will close between ten and five while workers replace the railings.",
        ),
        ("This story is from March 10, 2002", "This story is from March 12, 2002"),
        ("Good morning", "Good evening"),
        (
            "I would never vote for the mayor of this town, not in ten years",
            "I would always vote for the doctor of this clinic, even in a year",
        ),
    ],
)
def test_different_texts_stay_apart(one: str, other: str) -> None:
    assert not same(one, other)


def test_short_texts_are_copies_only_when_equal() -> None:
    assert same("Good morning", "good  morning!")


def test_bands_never_change_because_they_are_stored() -> None:
    band, digest = near.bands(near.normalised(STORY))[1]
    assert (band, digest) == (0, "936c3262fd0dcd327086cf5014a6b573")
    assert near.bands("good morning") == [(-1, "cdf71dea7d7741a2b6f021f3dd344f75")]
