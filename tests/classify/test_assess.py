"""From texts to results, and the arrow over stored documents."""

import datetime as dt
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from classify.assess import EXPLAINED, SAMPLED, assess, classify_texts
from classify.errors import ModelBroken, ScoringFailed
from classify.scorer import Scores
from classify.settings import ClassifySettings
from models.assessment import Assessment, Mark
from models.claims import MAX_ATTEMPTS
from models.codebook import PATHWAYS, SIGNALS, TARGETS
from models.database import Sessions, reading, writing
from models.document import Document
from models.tally import StaleHour
from tests import factories
from tests.fakes import FakeScorer

LEASE = dt.timedelta(seconds=601)
KEYS = {
    "language", "language_confidence", "flag", "abstained", "abstain_reason", "severity", "stage", "stance",
    "signals", "pathways", "targets", "target_names", "passages", "model", "obfuscated",
}  # fmt: skip
CALL = "We say BURN. The Kikuyu choir sang on our side of the river."


def add(sessions: Sessions, *texts: str, **values: object) -> list[int]:
    with writing(sessions) as session:
        return [factories.add_document(session, text=text, **values).id for text in texts]


def run(sessions: Sessions, now: dt.datetime, scorer: FakeScorer | None = None) -> int:
    return assess(sessions, scorer or FakeScorer(), ClassifySettings(claim=8), now)


def stored(sessions: Sessions) -> list[Assessment]:
    with reading(sessions) as session:
        return list(session.scalars(select(Assessment).order_by(Assessment.id)))


def document(sessions: Sessions, number: int) -> Document:
    with reading(sessions) as session:
        return session.get_one(Document, number)


# ---------------------------------------------------------------------------------------------- texts


def test_a_result_has_the_shape_of_the_contract() -> None:
    [result] = classify_texts(FakeScorer(), [CALL])
    assert set(result) == KEYS
    assert list(result["signals"]) == list(SIGNALS)
    assert list(result["pathways"]) == list(PATHWAYS)
    assert list(result["targets"]) == list(TARGETS)
    [passage] = result["passages"]
    assert set(passage) == {"start", "end", "signals", "stage", "stance", "highlights"}
    assert result["target_names"] == ["Kikuyu"]


def test_results_come_in_order_from_one_call_of_the_model() -> None:
    scorer = FakeScorer()
    texts = ["The market opens.", CALL, "", "It rained in the hills."]
    results = classify_texts(scorer, texts, settings=ClassifySettings(explain=False))
    assert [result["flag"] for result in results] == [False, True, False, False]
    assert len(scorer.calls) == 1


def test_the_one_inciting_passage_of_an_article_is_located() -> None:
    article = "The market opens on Monday. " * 9 + CALL + " The harvest was good this year." * 9
    [result] = classify_texts(FakeScorer(), [article])
    [passage] = result["passages"]
    assert "BURN" in article[passage["start"] : passage["end"]]
    [highlight] = passage["highlights"]
    assert passage["start"] <= highlight["start"] < highlight["end"] <= passage["end"]


def test_a_calm_text_shows_its_nearest_passage_without_highlights() -> None:
    [result] = classify_texts(FakeScorer(), ["The council opened a road. It rained."])
    assert [passage["highlights"] for passage in result["passages"]] == [[]]


def test_an_empty_text_is_never_clean() -> None:
    [result] = classify_texts(FakeScorer(), [" \n"])
    assert result["abstained"]
    assert result["abstain_reason"] == "there is no text to read"


def test_a_language_without_figures_abstains() -> None:
    [result] = classify_texts(FakeScorer(), ["Le conseil a annoncé lundi que BURN la route resterait fermée."])
    assert result["language"] == "fr"
    assert (result["abstained"], result["flag"]) == (True, False)


def test_the_senders_word_on_the_language_counts() -> None:
    [result] = classify_texts(FakeScorer(), [CALL], "fr")
    assert (result["language"], result["language_confidence"]) == ("fr", 1.0)


def test_hidden_letters_are_told() -> None:
    [result] = classify_texts(FakeScorer(), ["they must l e a v e now"])
    assert result["obfuscated"]


def test_no_texts_give_no_results() -> None:
    assert classify_texts(FakeScorer(), []) == []


# ------------------------------------------------------------------------------------------ the arrow


def test_a_document_is_assessed_once_with_its_marks_and_stale_hour(sessions: Sessions, now: dt.datetime) -> None:
    [number] = add(sessions, CALL)
    assert run(sessions, now) == 1
    assert run(sessions, now) == 0
    [assessment] = stored(sessions)
    assert assessment.flag
    assert assessment.flagged_now
    assert assessment.document_id == number
    assert assessment.details == {"obfuscated": False}
    with reading(sessions) as session:
        marks = {(mark.kind, mark.key) for mark in session.scalars(select(Mark))}
        assert ("signal", "incitement") in marks
        assert ("target_name", "Kikuyu") in marks
        assert session.scalars(select(StaleHour)).one().hour <= now
    assert document(sessions, number).claim_token is None


def test_a_turn_takes_no_more_than_its_claim(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, *["The market opens."] * 11)
    assert [run(sessions, now) for _ in range(3)] == [8, 3, 0]


def test_another_model_reads_again_and_its_word_is_current(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, CALL)
    run(sessions, now)
    assert run(sessions, now, FakeScorer(model="next")) == 1
    assert [(a.model.split("@")[0], a.current) for a in stored(sessions)] == [("fake", False), ("next", True)]


def test_what_a_person_decided_outlasts_a_new_model(sessions: Sessions, now: dt.datetime) -> None:
    [number] = add(sessions, CALL)
    with writing(sessions) as session:
        document_ = session.get_one(Document, number)
        factories.add_assessment(session, document_, flag=False, status="rejected")
    assert run(sessions, now, FakeScorer(model="next")) == 1
    assert [(a.status, a.current) for a in stored(sessions)] == [("rejected", True), ("unreviewed", False)]


@pytest.mark.parametrize("poison", ["POISON", "CRASH"])
def test_one_bad_text_takes_no_neighbour_with_it(sessions: Sessions, now: dt.datetime, poison: str) -> None:
    good = add(sessions, *["The market opens."] * 3)
    [bad] = add(sessions, f"Some {poison} here.")
    more = add(sessions, CALL, CALL)
    assert run(sessions, now) == 5
    assert [a.document_id for a in stored(sessions)] == [*good, *more]
    waiting = document(sessions, bad)
    assert waiting.unscored_reason
    assert "secret text" not in waiting.unscored_reason
    assert waiting.quarantined_at is None


def test_a_text_that_fails_three_times_is_set_aside_with_a_reason(sessions: Sessions, now: dt.datetime) -> None:
    [bad] = add(sessions, "Some POISON here.")
    for _ in range(MAX_ATTEMPTS + 1):
        run(sessions, now)
    aside = document(sessions, bad)
    assert aside.quarantined_at == now
    assert aside.quarantine_reason
    assert aside.unscored_reason == "The model gave no number for passage 0."
    assert stored(sessions) == []


def test_a_broken_model_leaves_texts_unscored_with_the_reason(sessions: Sessions, now: dt.datetime) -> None:
    [number] = add(sessions, CALL)
    for _ in range(MAX_ATTEMPTS + 2):
        with pytest.raises(ModelBroken):
            run(sessions, now, FakeScorer(broken=True))
    waiting = document(sessions, number)
    assert waiting.unscored_reason == "The weights were changed; restore them."
    assert waiting.quarantined_at is None
    assert run(sessions, now) == 1
    assert document(sessions, number).unscored_reason is None


def test_a_worker_that_lost_its_claim_writes_nothing(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, CALL)

    class Frozen(FakeScorer):
        """Another worker takes over while this one scores."""

        def score(self, passages: Sequence[str], /) -> Scores:
            if not self.calls:
                self.calls.append([])
                assert run(sessions, now + LEASE) == 1
            return super().score(passages)

    assert run(sessions, now, Frozen()) == 0
    assert len(stored(sessions)) == 1


def test_a_killed_worker_blocks_a_document_only_for_its_lease(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, CALL)

    class Killed(FakeScorer):
        def score(self, passages: Sequence[str], /) -> Scores:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sessions, now, Killed())
    assert run(sessions, now) == 0
    assert run(sessions, now + LEASE) == 1


def test_the_sources_language_is_a_hint_and_not_a_verdict(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, "The council said on Monday that the road would stay closed.", language="sw")
    run(sessions, now)
    assert stored(sessions)[0].language == "en"


def test_a_failing_text_alone_is_told_to_the_caller() -> None:
    with pytest.raises(ScoringFailed):
        classify_texts(FakeScorer(), ["Some POISON here."])


def test_of_a_long_text_full_of_hate_only_the_worst_passages_are_explained() -> None:
    scorer = FakeScorer()
    result = classify_texts(scorer, ["The Varni are RATS. BURN what they own. " * 200], "en")[0]
    explained = [passage for passage in result["passages"] if passage["highlights"]]
    assert len(explained) == EXPLAINED < len(result["passages"])


def test_nothing_is_explained_in_a_language_nobody_measured() -> None:
    result = classify_texts(FakeScorer(), ["The Varni are RATS. BURN what they own."], "fr")[0]
    assert (result["flag"], result["abstained"]) == (False, True)
    assert [passage["highlights"] for passage in result["passages"]] == [[]]


def test_of_a_long_text_that_nobody_may_judge_only_a_sample_is_scored_and_that_is_said() -> None:
    scorer = FakeScorer()
    [result] = classify_texts(scorer, ["Le conseil a annoncé lundi que la route resterait fermée. " * 90])
    assert result["language"] == "fr"
    assert [len(call) for call in scorer.calls] == [SAMPLED]
    assert "8 of its 30 passages were scored" in result["abstain_reason"]
    assert set(result["signals"]) == set(SIGNALS)


def test_a_long_text_in_a_validated_language_is_read_whole() -> None:
    scorer = FakeScorer()
    [result] = classify_texts(scorer, ["The council said on Monday that the road would stay closed. " * 90 + CALL])
    assert len(scorer.calls[0]) > SAMPLED
    assert result["flag"]
