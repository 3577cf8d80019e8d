"""Machine translation by a local sequence-to-sequence checkpoint, for people who do not read the original.

Any architecture that transformers loads from safetensors with a fast tokenizer. Families that translate between many
languages are told which by their own codes (NLLB, M2M100, mBART, MADLAD); one that knows a single pair needs nothing.
Its words are a gloss beside the text, never a text that is judged. It imports no torch by itself.
"""

import hashlib
import threading
import time
from pathlib import Path
from typing import Any

from classify.checkpoint import PICKLES
from classify.errors import NotTranslated
from classify.text import passages

MOST_TOKENS = 256  # of one window and of its translation
SECONDS = 120.0  # for all of one text, so that a slow machine answers at all
# Codes of NLLB for the languages this product is about; other families take the two letters, or them in brackets.
NLLB = {
    "am": "amh_Ethi", "ar": "arb_Arab", "bn": "ben_Beng", "en": "eng_Latn", "es": "spa_Latn", "fr": "fra_Latn",
    "ha": "hau_Latn", "hi": "hin_Deva", "ig": "ibo_Latn", "ln": "lin_Latn", "my": "mya_Mymr", "om": "gaz_Latn",
    "pt": "por_Latn", "rn": "run_Latn", "ru": "rus_Cyrl", "rw": "kin_Latn", "so": "som_Latn", "sw": "swh_Latn",
    "ti": "tir_Ethi", "ur": "urd_Arab", "yo": "yor_Latn", "zh": "zho_Hans", "zu": "zul_Latn",
}  # fmt: skip
MBART = {"ar": "ar_AR", "en": "en_XX", "es": "es_XX", "fr": "fr_XX", "hi": "hi_IN", "my": "my_MM", "sw": "sw_KE"}


class LocalTranslator:
    """A loaded checkpoint; may be called from any thread, one text at a time."""

    def __init__(self, folder: Path, device: str, target: str) -> None:
        self._network, self._tokenizer = _loaded(folder)
        self._network.eval().requires_grad_(False).to(device)
        self._device = device
        self._lock = threading.Lock()
        self.target = target
        self.name = f"{folder.name}@{_sha256(folder)[:12]}"[:200]

    def translate(self, text: str, source: str) -> str:
        """The text in the target language, window by window. Raises NotTranslated."""
        ends_at = time.monotonic() + SECONDS
        out: list[str] = []
        before = 0
        with self._lock:
            for window in passages(text):
                left = ends_at - time.monotonic()
                if left <= 0:
                    raise NotTranslated(f"the translation takes longer than {SECONDS:g} seconds on this machine")
                out.append("\n" if "\n" in text[before : window.start] else " ")
                out.append(self._window(window.text, source, left))
                before = window.end
        return "".join(out).strip()

    def _window(self, text: str, source: str, seconds: float) -> str:
        spoken = self._code(source)
        if spoken and hasattr(self._tokenizer, "src_lang"):
            self._tokenizer.src_lang = spoken.strip("_")  # M2M100 wants the bare letters
        wanted = self._code(self.target)
        prefix = f"<2{self.target}> " if self._knows(f"<2{self.target}>") else ""
        given = self._tokenizer(
            prefix + text, return_tensors="pt", truncation=True, max_length=MOST_TOKENS, return_token_type_ids=False
        ).to(self._device)
        first = {"forced_bos_token_id": self._tokenizer.convert_tokens_to_ids(wanted)} if wanted else {}
        try:
            made = self._network.generate(
                **given, **first, max_new_tokens=MOST_TOKENS, num_beams=1, do_sample=False, max_time=seconds
            )
        except (RuntimeError, MemoryError, ValueError, IndexError) as error:
            raise NotTranslated(f"the checkpoint failed on this text ({type(error).__name__})") from error
        return str(self._tokenizer.decode(made[0].tolist(), skip_special_tokens=True)).strip()

    def _code(self, language: str) -> str | None:
        """How this checkpoint's vocabulary names a language; None where it names none."""
        main = language.partition("-")[0]
        codes = (NLLB.get(main), MBART.get(main), f"__{main}__")
        return next((code for code in codes if code and self._knows(code)), None)

    def _knows(self, token: str) -> bool:
        number = self._tokenizer.convert_tokens_to_ids(token)
        return number is not None and number != self._tokenizer.unk_token_id


def _loaded(folder: Path) -> tuple[Any, Any]:
    """Network and tokenizer. Raises NotTranslated with what is wrong and what to do."""
    if not folder.is_dir():
        raise NotTranslated(f"{folder} (TOCSIN_TRANSLATOR) is no folder and no address")
    if not any(folder.glob("*.safetensors")):
        pickled = next((path.name for path in folder.glob("*") if path.suffix in PICKLES), None)
        hint = f"; {pickled} is a pickle, which can run code: convert it" if pickled else ""
        raise NotTranslated(f"{folder} holds no safetensors{hint}")
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    try:
        network = AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=True, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, ImportError, RuntimeError, KeyError) as error:
        raise NotTranslated(f"{folder} cannot be loaded: {str(error).splitlines()[0][:300]}") from error
    return network, tokenizer


def _sha256(folder: Path) -> str:
    """One hash over all weights, so that a gloss says which checkpoint made it."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
