"""A vocabulary for many languages: the base's own words as far as they occur, and new ones learnt from our text.

Run as `python -m classify.train.vocabulary DATA ENGLISH OUT`: ENGLISH is a finished English run, OUT becomes a run to
start the multilingual one from: that run's body, this vocabulary, and word vectors from `classify.train.transplant`.
No evaluation file is read.
"""

import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from classify.train import parallel, transplant
from classify.train.corpus import LANGUAGE, corpus
from classify.train.earlier import RECORD, WEIGHTS, readings_of, record_of, weights_of

NEW_WORDS = 36_000
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LEAST_SEEN = 4  # an English word seen less often is not kept
# Marks on Latin letters, Arabic vowel signs, hamza above and below, the stretch of a line.
_MARKS = "[\u0300-\u036f\u064b-\u065f\u0670\u0640]"
# Ethiopic letters that Amharic pronounces alike and writes at will, each with its seven orders.
_ALIKE = (("ሐ", "ሀ"), ("ኀ", "ሀ"), ("ኸ", "ሀ"), ("ሠ", "ሰ"), ("ዐ", "አ"), ("ፀ", "ጸ"))


def main() -> None:
    """Build vocabulary and word vectors, and write the run."""
    data, english, out = (Path(argument) for argument in sys.argv[1:4])
    texts = corpus(data)
    base = Tokenizer.from_file(str(english / "tokenizer.json"))
    base.no_truncation()
    tokenizer = build(texts, base)
    weights = weights_of(english)
    name = "embeddings.word_embeddings.weight"
    translated = {code: parallel.sentences(data, file) for file, code in LANGUAGE.items() if file in parallel.LANGUAGES}
    weights[name] = transplant.vectors(tokenizer, base, weights[name], texts, translated)
    out.mkdir(parents=True, exist_ok=True)
    save_file(weights, out / WEIGHTS)
    tokenizer.save(str(out / "tokenizer.json"))
    told = record_of(english)
    told["readings"] = readings_of(english)
    told["shape"]["vocabulary"] = tokenizer.get_vocab_size()
    (out / RECORD).write_text(json.dumps(told) + "\n", encoding="utf-8")


def folded() -> normalizers.Normalizer:
    """What spells one word in two ways becomes one: accents, Arabic hamza and vowel signs, Ethiopic twins, case."""
    replaced = [("ٱ", "ا"), ("ى", "ي"), ("ة", "ه"), ("ሃ", "ሀ"), ("ኣ", "አ")]
    replaced += [(chr(ord(many) + order), chr(ord(one) + order)) for many, one in _ALIKE for order in range(7)]
    return normalizers.Sequence(
        [
            normalizers.NFD(),
            normalizers.Replace(Regex(_MARKS), ""),
            *(normalizers.Replace(before, after) for before, after in replaced),
            normalizers.Lowercase(),
        ]
    )


def build(texts: Mapping[str, Sequence[str]], base: Tokenizer, new_words: int = NEW_WORDS) -> Tokenizer:
    """The base's words that occur in English text, then new ones of all other languages."""
    learnt = _word_pieces(None)
    learnt.train_from_iterator(
        _balanced(texts),
        trainers.WordPieceTrainer(
            vocab_size=new_words,
            min_frequency=3,
            special_tokens=SPECIAL,
            limit_alphabet=1_200,
            continuing_subword_prefix="##",
        ),
    )
    new = sorted(learnt.get_vocab(), key=learnt.get_vocab().__getitem__)
    words = dict.fromkeys([*SPECIAL, *_kept(texts, base), *new])
    tokenizer = _word_pieces({word: number for number, word in enumerate(words)})
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, SPECIAL.index(name)) for name in ("[CLS]", "[SEP]")]
    )
    return tokenizer


def _word_pieces(words: dict[str, int] | None) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(words or {SPECIAL[1]: 0}, unk_token=SPECIAL[1]))
    tokenizer.normalizer = folded()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _kept(texts: Mapping[str, Sequence[str]], base: Tokenizer) -> list[str]:
    seen: Counter[str] = Counter()
    for language in ("en", "en-sw", "en-NG", "fr", "pcm"):
        for encoding in base.encode_batch(list(texts.get(language, ())), add_special_tokens=False):
            seen.update(encoding.tokens)
    single = {word for word in base.get_vocab() if word.removeprefix("##").isascii() and len(word) in {1, 3}}
    return [word for word in base.get_vocab() if seen[word] >= LEAST_SEEN or word in single]


def _balanced(texts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Texts of every language but English; small languages are repeated, so that they too get words of their own."""
    draw = random.Random(0)  # noqa: S311 - sampling, not secrecy
    for language, of in sorted(texts.items()):
        size = sum(map(len, of))
        wanted, order = 900 * math.sqrt(size) + 0.15 * size, list(of)
        draw.shuffle(order)
        taken = 0.0
        while language != "en" and size and taken < wanted:
            for text in order:
                yield text
                taken += len(text)
                if taken >= wanted:
                    break


if __name__ == "__main__":
    main()
