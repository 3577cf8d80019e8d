"""`tocsin train`: fine-tune a base on the public sets, the news negatives and our own texts.

Seeded, resumable (a checkpoint every few hundred steps), and plain: rows, batches, one masked loss, one optimiser.
What it writes is a folder of full-precision weights; `classify.train.bundle` calibrates and packs it.
"""

import contextlib
import json
import math
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from tqdm import tqdm

from classify.engines.reference import HEADS
from classify.errors import BadTrainingData
from classify.model import Network, Shape
from classify.ngrams import FILE as GRAMS
from classify.train import (
    authored,
    batches,
    development,
    frozen,
    glossary,
    hardness,
    layer,
    masked,
    parallel,
    precision,
    rows,
    together,
)
from classify.train import base as bases
from classify.train.answers import Answers
from classify.train.bring import with_imported
from classify.train.corpus import corpus
from classify.train.earlier import (
    RECORD,
    WEIGHTS,
    carried,
    found,
    read_tokenizer,
    readings_of,
    record_of,
    weights_of,
)
from classify.train.level import level
from classify.train.lineup import LINEUPS, Lineup
from classify.train.loss import loss_of

CHECKPOINT = "checkpoint.pt"
CHECKPOINT_EVERY = 200
LEVELLED = 24  # batches by which a base is levelled
ALIGN = 2.0  # weight of a step on translations; pooled values are of the order of one


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a training run is made of; every value is written beside the weights."""

    data: Path
    out: Path
    lineup: str = "english"  # which sets and languages: a key of LINEUPS
    base: str | None = None  # a folder or hub name of another base than the bundled model's
    start_from: Path | None = None  # an earlier run or a packed model, to go on from its weights
    rows: int = 120_000
    batch_tokens: int = 2_304
    learning_rate: float = 1e-4
    head_rate: float = 1e-3
    word_rate: float = 1e-4  # of the word embeddings; 0 leaves them alone
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float = 0.1
    authored_share: float = 0.2
    negative_share: float = 0.14
    dictionaries: Path | None = None  # FreeDict's folder: English texts are then also said in other languages' words
    teacher: Path | None = None  # an English run that translated sentences are drawn towards
    align_every: int = 8  # every so many steps, one on those sentences, where there is a teacher
    answers: Path | None = None  # what finished models say where an English label is unknown: classify.train.answers
    hardness: Path | None = None  # how badly a finished model reads our templates: classify.train.hardness
    level: bool = False  # a new base's pooled values are first brought to a spread of one: classify.train.level
    frozen: int = (
        0  # how many of the lowest layers, the word vectors with them, learn nothing: see classify.train.frozen
    )
    kept: int = (
        1_800  # batches that are kept, and seen again and again, where layers are frozen; 1.8 MB each at 384 wide
    )
    masked_every: int = 0  # every so many steps, one on words left out of any text, labelled or not; 0 for none
    seed: int = 7
    device: str = "auto"  # or cpu, cuda
    threads: int = 1
    workers: int = 1  # processes of so many threads each that train together: classify.train.together
    bf16: bool = True  # where the hardware multiplies it: classify.train.precision
    check_every: int = 0  # steps between looks at development rows; 0 for none. Of several workers, a multiple of 50
    patience: int = 4  # such looks without a better mean average precision after which to stop with the best weights
    minutes: float | None = None  # of each thread's processor time after which to stop, with the schedule finished


def options_from(config: Path | None, *, data: Path, base: str | None, out: Path, resume: bool) -> TrainOptions:
    """The options of a TOML file (the defaults where it is absent), with what the command line says over them."""
    told = tomllib.loads(config.read_text(encoding="utf-8")) if config else {}
    unknown = sorted(set(told) - {field.name for field in fields(TrainOptions)})
    if unknown:
        raise BadTrainingData(f"{config} has no option {unknown[0]!r}; see TrainOptions in classify/train/run.py.")
    if not resume:
        for left in (*out.glob(f"*{CHECKPOINT}"), *out.glob(development.BEST)):
            left.unlink()
    if base:
        earlier = found(base)
        told |= {"base": base} if earlier is None else {"start_from": earlier}
        if earlier is not None:  # or a model of many languages would go on in English alone
            told.setdefault("lineup", record_of(earlier)["options"]["lineup"])
    for key in ("start_from", "teacher", "dictionaries", "answers", "hardness"):
        if told.get(key):
            told[key] = Path(told[key])
    return TrainOptions(**told | {"data": data, "out": out})


def train(options: TrainOptions, progress: Callable[[int, int, float], None] | None = None) -> Path:
    """Train and write `model.safetensors`, `tokenizer.json` and `training.json` to `options.out`.

    `progress` hears of every step where there is one process; several show a bar of the first one's steps.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    if options.workers == 1:
        _train(together.Group(), options, progress)
    else:
        together.run(_train, options.workers, options.out, options)
    return options.out


def _train(
    group: together.Group, options: TrainOptions, progress: Callable[[int, int, float], None] | None = None
) -> None:
    torch.manual_seed(options.seed)  # the same for all: they begin with the same heads
    torch.set_num_threads(options.threads)
    lineup = lineup_of(options.lineup, options.data)
    names = [name for name, *_ in lineup.readings]
    network, tokenizer, origin = _beginning(options, names)
    network.to(_device(options))
    own = replace(options, seed=options.seed + group.rank)
    made = (batch.to(network.device) for batch in _batches(own, lineup, tokenizer))
    if options.level and not options.start_from:
        level(network, islice(made, LEVELLED))
    pairs = parallel.pairs(options.data, options.teacher, tokenizer, own.seed) if options.teacher else None
    gaps, guess = _masking(own, network, tokenizer)
    seen: Iterator[batches.Batch | frozen.Kept] = made
    if options.frozen:
        frozen.freeze(network, options.frozen)
        seen = frozen.again(network, options.frozen, made, options.kept, own.seed)
    optimizers = _optimizers(network, options, guess)
    checkpoint = options.out / (f"{group.rank or ''}{CHECKPOINT}")
    first = _resume(checkpoint, network, guess, optimizers)
    total = max(1, options.rows // (options.batch_tokens // 36))
    network.train()
    watch = _watch(group, options, lineup, names)
    began, losses, enough = 0.0, 0.0, False
    with _bar(total, first, progress, silent=group.rank > 0) as tell:
        for step, batch in enumerate(seen):
            if step < first:
                continue
            began = began or time.process_time()  # reading the data does not count
            spent = (time.process_time() - began) / (60 * options.threads)
            done = max(step / total, spent / options.minutes if options.minutes else 0.0)
            if group.over(network, step, done + enough):
                break
            enough = watch.enough(step, network, tokenizer)
            _set_rate(optimizers, options, min(done, 1.0))
            loss = _step(network, optimizers, batch, options)
            if pairs and step % options.align_every == 0:
                _align(network, optimizers, next(pairs).to(network.device), options.bf16)
            if gaps and step % options.masked_every == 0:
                _fill(network, guess, optimizers, next(gaps).to(network.device), options.bf16)
            losses = loss if step == first else 0.98 * losses + 0.02 * loss
            tell(step, total, losses)
            if (step + 1) % CHECKPOINT_EVERY == 0:
                group.wait()
                _checkpoint(checkpoint, network, guess, optimizers, step + 1)
    watch.restore(network, tokenizer)
    if group.rank == 0:
        write(options, network, tokenizer, origin, losses, names)
    group.wait()  # no checkpoint goes before the run is written
    checkpoint.unlink(missing_ok=True)


def _device(options: TrainOptions) -> str:
    """A GPU where there is one and one process; several share a processor's cores."""
    seen = torch.cuda.is_available()
    if options.device == "cuda" and (not seen or options.workers > 1):
        why = "one process trains on it, set workers to 1" if seen else "this torch sees none, take a CUDA build of it"
        raise BadTrainingData(f"device is cuda, a GPU, and {why}; or set device to cpu.")
    return "cuda" if seen and options.workers == 1 and options.device != "cpu" else "cpu"


def _watch(group: together.Group, options: TrainOptions, lineup: Lineup, names: Sequence[str]) -> development.Watch:
    """The first process looks for all, right after they have agreed."""
    if options.check_every and group.size > 1 and options.check_every % together.AGREE_EVERY:
        raise BadTrainingData(
            f"check_every is {options.check_every}; with several workers take a multiple of {together.AGREE_EVERY}."
        )
    every = 0 if group.rank else options.check_every
    told = development.labelled(options.data, lineup) if every else []
    return development.Watch(options.out, told, names, every, options.patience)


def lineup_of(name: str, data: Path) -> Lineup:
    """The line-up of that name, with what was imported into the data's folder. Raises BadTrainingData."""
    if name not in LINEUPS:
        raise BadTrainingData(f"There is no line-up {name!r}; take one of {', '.join(LINEUPS)}.")
    return with_imported(LINEUPS[name], data)


def _beginning(options: TrainOptions, names: Sequence[str]) -> tuple[Network, Tokenizer, dict[str, str]]:
    """The network, the tokenizer and what the base is, from an earlier run or from a base."""
    if options.start_from is None:
        base = bases.find(options.base)
        return bases.network_from(base, options.dropout, len(names)), read_tokenizer(base.folder), base.record
    told = record_of(options.start_from)
    network = Network(Shape(**told["shape"])._replace(readings=len(names)), options.dropout, layer.Layer)
    before = weights_of(options.start_from)
    network.load_state_dict(before | carried(before, readings_of(options.start_from), names, network.state_dict()))
    return network, read_tokenizer(options.start_from), told["base"]


def write(
    options: TrainOptions,
    network: Network,
    tokenizer: Tokenizer,
    origin: dict[str, str],
    loss: float,
    readings: Sequence[str] = (),
) -> Path:
    """The finished run as a folder."""
    save_file(network.state_dict(), options.out / WEIGHTS)
    tokenizer.save(str(options.out / "tokenizer.json"))
    # The n-grams do not learn on; how much they count is fitted anew when the run is packed.
    if options.start_from and (options.start_from / GRAMS).exists():
        (options.out / GRAMS).write_bytes((options.start_from / GRAMS).read_bytes())
    told = {key: value.name if isinstance(value, Path) else value for key, value in asdict(options).items()}
    told["base"] = origin["name"]
    record = {"base": origin, "options": told, "loss": loss, "shape": network.shape._asdict()}
    record["readings"] = list(readings)
    (options.out / RECORD).write_text(json.dumps(record, indent=1) + "\n")
    return options.out


Optimizers = tuple[torch.optim.Optimizer, ...]


def _step(network: Network, optimizers: Optimizers, seen: batches.Batch | frozen.Kept, options: TrainOptions) -> float:
    # The fused attention is slower here: its way back takes a quarter of a step on a processor.
    with precision.autocast(network.device, options.bf16), sdpa_kernel(SDPBackend.MATH):
        if isinstance(seen, frozen.Kept):
            batch, logits = seen.batch, frozen.forward(network, options.frozen, seen)
        else:
            batch, logits = seen, network(seen.ids, seen.mask)
    loss = loss_of(logits, batch)
    _learn(network, optimizers, loss)
    return float(loss.detach())


def _learn(network: Network, optimizers: Optimizers, loss: Tensor) -> None:
    network.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([p for p in network.parameters() if p.grad is not None and not p.grad.is_sparse], 1.0)
    for optimizer in optimizers:
        optimizer.step()


def _align(network: Network, optimizers: Optimizers, pair: parallel.Pairs, bf16: bool) -> None:
    """One step that draws translations towards what the English model made of the sentence."""
    with precision.autocast(network.device, bf16), sdpa_kernel(SDPBackend.MATH):
        pooled = network.pooled(pair.ids, pair.mask)
    loss = ALIGN * functional.mse_loss(pooled.float(), pair.wanted)
    _learn(network, optimizers, loss)


def _masking(
    options: TrainOptions, network: Network, tokenizer: Tokenizer
) -> tuple[Iterator[masked.Gaps] | None, masked.Guess]:
    guess = masked.Guess(network.shape.hidden).to(network.device)
    if not options.masked_every:
        return None, guess
    return masked.gaps(corpus(options.data), tokenizer, options.batch_tokens, options.seed), guess


def _fill(network: Network, guess: masked.Guess, optimizers: Optimizers, gaps: masked.Gaps, bf16: bool) -> None:
    """One step on words that were left out."""
    with precision.autocast(network.device, bf16), sdpa_kernel(SDPBackend.MATH):
        loss = masked.loss_of(network, guess, gaps)
    guess.zero_grad()
    _learn(network, optimizers, loss)


def _batches(options: TrainOptions, lineup: Lineup, tokenizer: Tokenizer) -> Iterator[batches.Batch]:
    public = rows.public(options.data, lineup)
    if options.answers:
        answers = Answers(options.answers)
        public = {name: [answers.fill(row) for row in found] for name, found in public.items()}
    size = {name: lineup.datasets[name].passes * len(found) for name, found in public.items()}
    share = (1.0 - options.authored_share - options.negative_share) / sum(size.values())
    parts = [
        *(batches.Part(found, share * size[name]) for name, found in public.items()),
        *_tempered(
            [rows.negatives(options.data, unseen=False, languages=frozenset({code})) for code in sorted(lineup.news)],
            options.negative_share,
        ),
        *_tempered(_ours(options, lineup), options.authored_share),
    ]
    names = [name for name, *_ in lineup.readings]
    words = glossary.load(options.dictionaries) if options.dictionaries else None
    # Without an end, or of several processes one could run out and leave the others waiting: steps end the run.
    return batches.epoch(parts, tokenizer, options.batch_tokens, sys.maxsize, options.seed, names, words)


def _ours(options: TrainOptions, lineup: Lineup) -> list[list[rows.Row]]:
    """Our own texts by language; the badly read ones more often where it is known which they are."""
    found = [authored.rows("train", options.seed, languages=(code,)) for code in lineup.languages]
    if options.hardness is None:
        return found
    told = hardness.read(options.hardness)
    return [hardness.drawn(of, told, options.seed) for of in found]


def _tempered(languages: Sequence[list[rows.Row]], share: float) -> Iterator[batches.Part]:
    """Languages in proportion to the root of their rows, so that English does not drown the others."""
    whole = sum(math.sqrt(len(found)) for found in languages)
    return (batches.Part(found, share * math.sqrt(len(found)) / whole) for found in languages if found)


def _optimizers(network: Network, options: TrainOptions, guess: masked.Guess) -> Optimizers:
    """AdamW for the body and the heads; for the word embeddings one that touches only the words of the batch."""
    words = network.embeddings.word_embeddings
    words.sparse = True
    if not options.word_rate:
        words.requires_grad_(False)
    learning = [(name, p) for name, p in network.named_parameters() if p.requires_grad and p is not words.weight]
    heads = [p for name, p in learning if name.split(".")[0] in HEADS] + list(guess.parameters())
    plain = [p for name, p in learning if name.split(".")[0] not in HEADS and p.ndim < 2]
    body = [p for name, p in learning if name.split(".")[0] not in HEADS and p.ndim > 1]
    groups = [
        {"params": body, "scale": options.learning_rate, "weight_decay": options.weight_decay},
        {"params": plain, "scale": options.learning_rate, "weight_decay": 0.0},
        {"params": heads, "scale": options.head_rate, "weight_decay": 0.0},
    ]
    dense = torch.optim.AdamW(groups, lr=options.learning_rate, fused=True)
    if not words.weight.requires_grad:
        return (dense,)
    sparse = {"params": [words.weight], "scale": options.word_rate}
    return dense, torch.optim.SparseAdam([sparse], lr=options.word_rate)


def _set_rate(optimizers: Optimizers, options: TrainOptions, done: float) -> None:
    """Linear warm-up, then linear to nothing; `done` is the part of the run that lies behind."""
    factor = done / options.warmup if done < options.warmup else (1 - done) / (1 - options.warmup)
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group["lr"] = group["scale"] * max(factor, 0.01)


def _checkpoint(path: Path, network: Network, guess: masked.Guess, optimizers: Optimizers, step: int) -> None:
    state = {
        "network": network.state_dict(),
        "guess": guess.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "step": step,
        "rng": torch.get_rng_state(),
    }
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def _resume(path: Path, network: Network, guess: masked.Guess, optimizers: Optimizers) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(state["network"])
    guess.load_state_dict(state["guess"])
    for optimizer, told in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(told)
    torch.set_rng_state(state["rng"])
    return int(state["step"])


@contextlib.contextmanager
def _bar(
    total: int, first: int, progress: Callable[[int, int, float], None] | None, *, silent: bool = False
) -> Iterator[Callable[[int, int, float], None]]:
    if progress is not None:
        yield progress
        return
    with tqdm(total=total, initial=first, unit="step", mininterval=10, disable=silent) as bar:

        def tell(_step: int, _total: int, loss: float) -> None:
            bar.update()
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)

        yield tell
