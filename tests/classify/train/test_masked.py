"""Words left out of any text: which are asked for, that they can be learnt, and what training may not read."""

from pathlib import Path

import torch

from classify.model import Network, Shape
from classify.train import corpus, masked, rows
from tests.classify.conftest import SHAPE, tiny_tokenizer
from tests.classify.train.test_rows import write

TEXTS = {"en": ["the people must leave now", "police said the rats"] * 20, "sw": ["watu sasa " * 40]}


def test_about_one_token_in_seven_is_asked_for_and_never_a_mark() -> None:
    stream = masked.gaps(TEXTS, tiny_tokenizer(), 1024, seed=1)
    found = [next(stream) for _ in range(200)]
    assert all(gaps.ids.numel() <= 1024 for gaps in found)
    real = sum(int(gaps.mask.sum()) - 2 * len(gaps.ids) for gaps in found)
    share = sum(len(gaps.wanted) for gaps in found) / real
    assert 0.12 < share < 0.18
    assert all(int(gaps.asked.sum()) == len(gaps.wanted) for gaps in found)
    assert all(int(gaps.wanted.min()) > 3 for gaps in found)  # no padding, no beginning, no end
    hidden = torch.cat([gaps.ids[gaps.asked] == 0 for gaps in found])  # the tiny tokenizer has no [MASK]
    assert 0.7 < float(hidden.float().mean()) < 0.9


def test_the_end_of_a_long_text_is_read_too() -> None:
    pieces = list(masked._pieces("first " * 100 + "last"))
    assert len(pieces) == 2
    assert pieces[1].endswith("last")


def test_a_network_learns_to_fill_the_gaps() -> None:
    torch.manual_seed(0)
    network, guess = Network(Shape(**SHAPE), dropout=0.0), masked.Guess(SHAPE["hidden"])
    stream = masked.gaps({"en": TEXTS["en"]}, tiny_tokenizer(), 256, seed=2)
    learn = torch.optim.AdamW([*network.parameters(), *guess.parameters()], lr=5e-3)
    losses = []
    for _ in range(60):
        loss = masked.loss_of(network, guess, next(stream))
        learn.zero_grad()
        loss.backward()
        learn.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])


def test_nothing_is_learnt_from_news_that_a_report_or_a_threshold_rests_on(tmp_path: Path) -> None:
    news = [{"id": f"n{i}", "lang": "en", "text": f"rain {i}"} for i in range(200)]
    for name in rows.NEGATIVES:
        write(tmp_path / "negatives" / f"{name}.jsonl.gz", *(news if name == "ag_news" else ()))
    write(tmp_path / "unlabelled" / "afrisenti.jsonl.gz", {"id": "a", "lang": "sw", "text": "watu"})
    write(tmp_path / "train" / "myhatespeech.jsonl.gz", {"id": "m", "lang": "my", "text": "barred", "labels": {}})
    (tmp_path / "parallel").mkdir()
    for file in corpus.LANGUAGE:
        (tmp_path / "parallel" / f"{file}.txt").write_text("\n".join(f"line {i}" for i in range(100)))
    found = corpus.corpus(tmp_path)
    kept = {row["text"] for row in news if not rows.held_out(str(row["id"]))}
    assert {text for text in found["en"] if text.startswith("rain")} == kept
    assert 0 < len(kept) < 200
    assert "my" not in found
    assert 30 < len(found["am"]) < 70  # a fifth for the report, three in ten for thresholds
