"""Measure the classifier: speed against a naive transformers pipeline on the same weights, memory, start.

Prints `name<TAB>value` lines. Texts are our own, expanded from the grammar; one thread;
the two contenders take turns, and the median of the turns counts, so that a busy machine slows both alike.
"""

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

# The root first, or this file would stand in for the room of its name.
sys.path.insert(0, str(Path(__file__).parent.parent))

from classify import calibration
from classify.checkpoint import BUNDLED
from classify.engines import load
from classify.engines.passages import PassageScorer
from classify.model import dequantised
from classify.scorer import Scorer
from classify.settings import ClassifySettings
from classify.text import normalise, passages
from classify.train.authored import texts
from models.codebook import SIGNALS

SHORT, ARTICLES, TURNS = 256, 12, 3
OTHERS = ("ar", "fr", "sw", "am")  # languages whose texts a second are told as a share of English ones


def main() -> None:
    """Print every figure of ARCHITECTURE's rule 7 that is about this room."""
    print(f"classify.machine\t{platform.processor() or platform.machine()}, {torch.__version__}, one thread")
    torch.set_num_threads(1)  # the pipeline too: its second thread would count as time spent
    cold, held = _cold()
    print(f"classify.cold_s\t{cold:.2f}")
    print(f"classify.rss_mb\t{held:.0f}")
    scorer = load(ClassifySettings(threads=1))
    print(f"classify.engine\t{scorer.engine}")
    posts = [text.text for text in texts("test", seed=5)][:SHORT]
    for language in OTHERS:
        own = [text.text for text in texts("test", seed=5, languages=[language])][:SHORT]
        theirs, english = _race(lambda o=own: scorer.score(o), lambda: scorer.score(posts))
        print(f"classify.{language}.of_english\t{(len(own) / theirs) / (len(posts) / english):.2f}")
    articles = [" ".join(posts[i * 20 : i * 20 + 20])[:1_900] for i in range(ARTICLES)]
    naive = _naive()
    for name, sample in (("short", posts), ("article", articles)):
        ours, theirs = _race(lambda s=sample: _ours(scorer, s), lambda s=sample: [naive(text) for text in s])
        print(f"classify.{name}.per_s\t{len(sample) / ours:.1f}")
        print(f"classify.{name}.naive_per_s\t{len(sample) / theirs:.1f}")
        print(f"classify.{name}.ratio\t{theirs / ours:.2f}")
    print(f"classify.flips\t{_flips(scorer, naive, posts):.4f}")


def _cold() -> tuple[float, float]:
    """Seconds from a new process to the first score, and the most megabytes it held by then."""
    code = (
        "import resource; from classify.engines import load; from classify.settings import ClassifySettings as C;"
        "load(C()).score(['']); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent, capture_output=True, text=True
    )
    return time.perf_counter() - began, float(done.stdout)


def _ours(scorer: Scorer, sample: Sequence[str]) -> None:
    """Windows of every text, all scored together: the work that the product does."""
    scorer.score([window.text for text in sample for window in passages(text)])


def _race(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of each, the median of turns taken alternately."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for contender, times in ((ours, spent[0]), (theirs, spent[1])):
            began = time.process_time()
            contender()
            times.append(time.process_time() - began)
    return statistics.median(spent[0]), statistics.median(spent[1])


def _naive() -> Callable[[str], object]:
    """`pipeline(text)` as a tutorial would write it, on the same body and the same signal head."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, pipeline
    from transformers.modeling_outputs import SequenceClassifierOutput
    from transformers.utils import logging

    class Pooled(BertForSequenceClassification):  # type: ignore[misc]
        """The same with mean pooling, as these weights were trained."""

        def forward(self, input_ids: Any, attention_mask: Any, **_: Any) -> Any:
            """Token ids and mask to the eight logits."""
            hidden = self.bert.encoder(
                self.bert.embeddings(input_ids=input_ids),
                attention_mask=(1.0 - attention_mask[:, None, None, :].float()) * -1e9,
            ).last_hidden_state
            weight = attention_mask.unsqueeze(-1).float()
            return SequenceClassifierOutput(logits=self.classifier((hidden * weight).sum(1) / weight.sum(1)))

    shape = json.loads((BUNDLED / "config.json").read_text())["shape"]
    model = Pooled(
        BertConfig(
            vocab_size=shape["vocabulary"],
            hidden_size=shape["hidden"],
            num_hidden_layers=shape["layers"],
            num_attention_heads=shape["heads"],
            intermediate_size=shape["inner"],
            max_position_embeddings=shape["positions"],
            num_labels=len(SIGNALS),
            problem_type="multi_label_classification",
        )
    )
    names = (
        ("embeddings.", "bert.embeddings."),
        ("layers.", "bert.encoder.layer."),
        (".query.", ".attention.self.query."),
        (".key.", ".attention.self.key."),
        (".value.", ".attention.self.value."),
        (".attention_out.", ".attention.output.dense."),
        (".attention_norm.", ".attention.output.LayerNorm."),
        (".inner.", ".intermediate.dense."),
        (".outer.", ".output.dense."),
        (".norm.", ".output.LayerNorm."),
        ("signals.", "classifier."),
    )
    weights = {}
    for name, tensor in dequantised(load_file(BUNDLED / "model.safetensors")).items():
        for old, new in names:
            name = name.replace(old, new, 1)  # noqa: PLW2901 - the name is rewritten step by step
        weights[name] = tensor
    model.load_state_dict(weights, strict=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(BUNDLED / "tokenizer.json")),
        pad_token="[PAD]",  # noqa: S106 - a token of text
    )
    logging.set_verbosity(logging.CRITICAL)  # it does not know the class, and says so at length
    run = pipeline("text-classification", model=model.eval(), tokenizer=tokenizer, device="cpu")
    return lambda text: run(text, top_k=None, truncation=True, max_length=512, function_to_apply="none")


def _flips(scorer: PassageScorer, naive: Callable[[str], Any], sample: Sequence[str]) -> float:
    """The share of decisions that differ between our batches and the pipeline reading one normalised text at a time.

    On the network's own signals: what the readings and n-grams add to two of them the pipeline cannot know.
    """
    config = scorer.config
    fused = set(json.loads((BUNDLED / "config.json").read_text())["readings"]["shared"])
    plain = [number for number, key in enumerate(SIGNALS) if key not in fused]
    alone = []
    for text in sample:
        found = {one["label"]: one["score"] for one in naive(normalise(text).text)}
        alone.append([found[f"LABEL_{number}"] for number in range(len(SIGNALS))])
    together, _ = scorer.logits(sample)
    limits = np.array([config.flag("en")[key] for key in SIGNALS])
    decided = [
        (calibration.apply(logits, config.calibration, "signals", SIGNALS, "en") >= limits)[:, plain]
        for logits in (together[:, : len(SIGNALS)], np.array(alone))
    ]
    return float((decided[0] != decided[1]).mean())


if __name__ == "__main__":
    main()
