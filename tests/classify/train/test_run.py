"""A training run of a few steps: it finishes, resumes where it stopped, and packs into a folder that loads."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify.errors import BadTrainingData
from classify.train import rows
from classify.train.lineup import ENGLISH, FLOORS
from tests.classify.conftest import SHAPE, tiny_tokenizer
from tests.classify.train.test_base import SIZES, save
from tests.classify.train.test_rows import write

TEXTS = ("the varni are rats", "the market opened today", "they must leave now", "it rained in the hills all day")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, use in ENGLISH.datasets.items():
        lang = min(use.languages)
        lines = [
            {"id": f"{name}-{i}", "lang": lang, "text": text, "labels": {"hate_speech": int(i % 2 == 0)}}
            for i, text in enumerate(TEXTS)
        ]
        write(folder / "train" / f"{name}.jsonl.gz", *lines)
        write(folder / "evaluate" / f"{name}.jsonl.gz", *lines)
    for name in rows.NEGATIVES:
        news = [
            {"id": f"{name}-{i}", "lang": "en", "text": f"Police said it rained {i}.", "labels": {}} for i in range(9)
        ]
        write(folder / "negatives" / f"{name}.jsonl.gz", *news)
    return folder


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    from classify.model import Network, Shape
    from classify.train import base as bases
    from classify.train import run
    from classify.train.base import Base

    # The real base is a package of ninety megabytes; the run does not care how large the network is.
    shape = Shape(**SHAPE | {"positions": 512})
    tiny_tokenizer().save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setattr(bases, "find", lambda _name: Base(tmp_path, shape, {"name": "tiny", "sha256": "0" * 64}))
    monkeypatch.setattr(
        bases, "network_from", lambda base, dropout, readings: Network(base.shape._replace(readings=readings), dropout)
    )
    monkeypatch.setattr(run, "CHECKPOINT_EVERY", 2)

    def stop(step: int, _total: int, _loss: float) -> None:
        if step == 2:
            raise KeyboardInterrupt

    def quiet(_step: int, _total: int, _loss: float) -> None:
        """Show nothing."""

    def options(name: str) -> run.TrainOptions:
        return run.TrainOptions(data, tmp_path / name, rows=8, batch_tokens=72)

    whole = load_file(run.train(options("whole"), quiet) / "model.safetensors")
    with pytest.raises(KeyboardInterrupt):
        run.train(options("stopped"), stop)
    assert (tmp_path / "stopped" / run.CHECKPOINT).exists()
    resumed = load_file(run.train(options("stopped"), quiet) / "model.safetensors")
    assert not (tmp_path / "stopped" / run.CHECKPOINT).exists()
    assert all(float((whole[name] - resumed[name]).abs().max()) < 1e-6 for name in whole)
    watched = run.train(replace(options("watched"), check_every=2), quiet)
    assert {path.name for path in watched.iterdir()} == {"model.safetensors", "tokenizer.json", "training.json"}


@pytest.mark.slow
def test_two_processes_train_one_network_that_packs_and_loads(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    from classify.engines import load
    from classify.settings import ClassifySettings
    from classify.train import bundle, run

    base = save(tmp_path / "base", BertModel(BertConfig(**SIZES | {"max_position_embeddings": 512})))
    options = run.TrainOptions(
        data,
        tmp_path / "out",
        base=str(base),
        rows=8,
        batch_tokens=72,
        workers=2,
        level=True,
        dropout=0.0,
    )
    out = run.train(options)
    trained, before = load_file(out / "model.safetensors"), load_file(base / "model.safetensors")
    assert all(bool(tensor.isfinite().all()) for tensor in trained.values())
    words = "embeddings.word_embeddings.weight"
    assert not bool((trained[words] == before[words]).all())
    assert json.loads((out / "training.json").read_text())["options"]["workers"] == 2
    assert {path.name for path in out.iterdir()} == {"model.safetensors", "tokenizer.json", "training.json"}

    monkeypatch.setattr(bundle, "OURS", 200)
    # Four texts are learnt by heart on some machines and not on others: no F1 reaches this floor.
    high = replace(run.lineup_of("english", data), floors=dict.fromkeys(FLOORS, 1.01))
    monkeypatch.setattr(bundle, "lineup_of", lambda *_: high)
    packed = bundle.bundle(out, data, tmp_path / "packed", "own")
    scorer = load(ClassifySettings(model=str(packed)))
    assert scorer.config.name == "tocsin-base-own"
    assert scorer.config.languages["en"]["status"] == "not evaluated"  # every set lies below its floor
    assert np.isfinite(scorer.score(list(TEXTS)).signals).all()


def test_options_come_from_a_file_and_the_command_line(tmp_path: Path) -> None:
    from classify.train.run import options_from

    config = tmp_path / "run.toml"
    config.write_text("rows = 10\nseed = 3\n")
    options = options_from(config, data=tmp_path, base=None, out=tmp_path / "out", resume=True)
    assert (options.rows, options.seed, options.data) == (10, 3, tmp_path)


def test_an_unknown_option_is_named(tmp_path: Path) -> None:
    from classify.train.run import options_from

    config = tmp_path / "run.toml"
    config.write_text("colour = 1\n")
    with pytest.raises(BadTrainingData, match="colour"):
        options_from(config, data=tmp_path, base=None, out=tmp_path, resume=True)


def test_a_masked_label_teaches_nothing() -> None:
    import torch

    from classify.model import Logits
    from classify.train.batches import collate
    from classify.train.loss import loss_of

    nan = float("nan")
    row = rows.Row("x", (nan,) * 8, (nan,) * 4, -1, (nan,) * 8, 1.0, "set")
    batch = collate([row], [[2, 3]], ["a", "b", "c"])
    logits = Logits(*(torch.randn(1, width, requires_grad=True) for width in (8, 4, 4, 8, 3, 4)))
    loss = loss_of(logits, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.gate.grad is not None  # the gate alone learns: that the row is from no set with a reading
    gate = logits.gate.detach()
    assert float(loss.detach()) == pytest.approx(0.5 * float(torch.logsumexp(gate, 1) - gate[0, -1]))
    assert all(part.grad is None or not part.grad.any() for part in logits[:-1])


def test_a_row_teaches_its_own_sets_reading_and_no_other() -> None:
    import torch

    from classify.model import Logits
    from classify.train.batches import collate
    from classify.train.loss import loss_of

    nan = float("nan")
    row = rows.Row("x", (nan,) * 8, (nan,) * 4, -1, (nan,) * 8, 1.0, "edos", "1", "edos", 1.0, 3)
    batch = collate([row], [[2, 3]], ["hatexplain", "edos", "cad"])
    logits = Logits(*(torch.randn(1, width, requires_grad=True) for width in (8, 4, 4, 8, 3, 4)))
    loss_of(logits, batch).backward()  # type: ignore[no-untyped-call]
    assert logits.readings.grad is not None
    assert (logits.readings.grad != 0).tolist() == [[False, True, False]]


def test_batches_keep_their_budget_and_every_part_its_share() -> None:
    from classify.train.batches import Part, epoch

    hostile = [rows.Row("burn " * (i % 30 + 1), (1.0,) * 8, (1.0,) * 4, 0, (1.0,) * 8, 1.0, "a") for i in range(40)]
    calm = [rows.Row("rain", (0.0,) * 8, (0.0,) * 4, 1, (0.0,) * 8, 1.0, "b") for _ in range(40)]
    batches = list(epoch([Part(hostile, 0.75), Part(calm, 0.25)], tiny_tokenizer(), 256, 640, seed=1))
    assert all(batch.ids.numel() <= 256 for batch in batches)
    stances = [int(stance) for batch in batches for stance in batch.stance]
    assert stances.count(0) == 3 * stances.count(1)


def test_training_goes_on_from_the_model_that_ships(tmp_path: Path) -> None:
    import torch

    from classify.checkpoint import BUNDLED
    from classify.errors import ModelBroken
    from classify.train.earlier import history, record_of, weights_of
    from classify.train.run import options_from

    options = options_from(None, data=tmp_path, base="bundled", out=tmp_path, resume=False)
    assert (options.start_from, options.lineup) == (BUNDLED, "multilingual")
    assert record_of(BUNDLED)["shape"]["vocabulary"] == 45028
    assert len(history(BUNDLED)) > 1  # every phase behind it, for the card of what follows
    assert weights_of(BUNDLED)["embeddings.word_embeddings.weight"].dtype == torch.float32
    assert options_from(None, data=tmp_path, base="an/other", out=tmp_path, resume=False).base == "an/other"
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_bytes((BUNDLED / "config.json").read_bytes())
    (broken / "model.safetensors").write_bytes(b"another file")
    with pytest.raises(ModelBroken, match=r"model\.safetensors"):
        weights_of(broken)


def test_runs_are_averaged_into_one(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    from classify.train.average import average

    runs = []
    for number, value in enumerate((0.0, 10.0, 4.0)):
        run = tmp_path / f"phase{number}"
        run.mkdir()
        save_file({"a": torch.full((2, 2), value)}, run / "model.safetensors")
        (run / "tokenizer.json").write_text("{}")
        told = {"base": {"name": "tiny"}, "shape": {"hidden": 2}, "options": {"lineup": "english"}}
        (run / "training.json").write_text(json.dumps(told))
        runs.append(run)
    out = average(dict(zip(runs, (1.0, 2.0, 1.0), strict=True)), tmp_path / "out")
    assert torch.allclose(load_file(out / "model.safetensors")["a"], torch.full((2, 2), 6.0))
    record = json.loads((out / "training.json").read_text())
    assert record["options"] == {
        "lineup": "english",
        "minutes": "mean of the phases phase0 0.25, phase1 0.5, phase2 0.25",
    }
    (runs[0] / "training.json").write_text(json.dumps(told | {"shape": {"hidden": 3}}))
    with pytest.raises(BadTrainingData, match="different shapes"):
        average(dict.fromkeys(runs, 1.0), tmp_path / "out")


def test_another_line_up_keeps_what_is_known_of_a_reading_by_name() -> None:
    import torch

    from classify.train.earlier import carried

    before = {
        "readings.weight": torch.tensor([[1.0], [2.0]]), "readings.bias": torch.tensor([1.0, 2.0]),
        "gate.weight": torch.tensor([[1.0], [2.0], [9.0]]), "gate.bias": torch.tensor([1.0, 2.0, 9.0]),
    }  # fmt: skip
    fresh = {name: torch.zeros(3 + name.startswith("gate"), *of.shape[1:]) for name, of in before.items()}
    found = carried(before, ["a", "b"], ["b", "new", "a"], fresh)
    assert found["readings.bias"].tolist() == found["readings.weight"][:, 0].tolist() == [2.0, 0.0, 1.0]
    assert found["gate.bias"].tolist() == [2.0, 0.0, 1.0, 9.0]  # texts like no set stay what they were
    unnamed = carried(before, [], ["b"], {name: of[:1] for name, of in fresh.items() if name.startswith("readings")})
    assert unnamed["readings.bias"].tolist() == [0.0]


def test_several_workers_are_watched_only_when_they_agree(tmp_path: Path) -> None:
    from classify.train import run, together

    options = run.TrainOptions(tmp_path, tmp_path, workers=2, check_every=30)
    with pytest.raises(BadTrainingData, match="multiple of 50"):
        run._watch(together.Group(0, 2), options, ENGLISH, [])
