"""What an operator may choose about other machines that help reviewers: a second reader, and a translator.

Both are off by default, because both may send words of a text out of this machine. docs/operations.md says which.
"""

from dataclasses import dataclass, field

from ingest.errors import Refused
from ingest.guard import checked_url


@dataclass(frozen=True)
class AssistSettings:
    """Off unless named; raises ValueError with the name and what would be right."""

    second_reader_url: str = field(
        default="",
        metadata={"help": "OpenAI-compatible service (.../v1) that reads borderline passages too; empty for none."},
    )
    second_reader_model: str = field(
        default="", metadata={"help": "The model that the second reader's service is asked for."}
    )
    second_reader_key: str | None = field(
        default=None, repr=False, metadata={"help": "Key of the second reader's service.", "secret": True}
    )
    second_reader_seconds: float = field(
        default=30.0, metadata={"help": "Longest time one answer of the second reader may take.", "range": (1, 300)}
    )
    second_reader_from: int = field(
        default=70,
        metadata={
            "help": "How borderline a passage must be for a second reader: 100 is a coin's toss, 0 anything.",
            "range": (0, 100),
        },
    )
    second_reader_per_hour: int = field(
        default=60, metadata={"help": "Most passages sent to the second reader in an hour.", "range": (1, 100_000)}
    )
    translator: str = field(
        default="",
        metadata={
            "help": "Glosses for reviewers: folder of a seq2seq checkpoint (safetensors), or address of a "
            "LibreTranslate-like service; empty for none."
        },
    )
    translator_key: str | None = field(
        default=None, repr=False, metadata={"help": "Key of the translation service.", "secret": True}
    )
    translator_seconds: float = field(
        default=30.0, metadata={"help": "Longest time one translation over the network may take.", "range": (1, 300)}
    )
    translate_to: str = field(default="en", metadata={"help": "Language that glosses are written in."})
    translate_characters: int = field(
        default=2_000, metadata={"help": "Most characters of one text that are translated.", "range": (100, 20_000)}
    )

    def __post_init__(self) -> None:
        """Refuse addresses that could never be called, and a service without a model, at start."""
        for name in ("second_reader_url", "translator"):
            address = getattr(self, name)
            if not address or (name == "translator" and "://" not in address):
                continue
            try:
                checked_url(address)
            except Refused as refused:
                raise ValueError(f"{name}: {refused}") from None
        if self.second_reader_url and not self.second_reader_model:
            raise ValueError("second_reader_model is empty; name the model that second_reader_url serves")
        if not self.translate_to.isascii() or not self.translate_to.replace("-", "").isalpha():
            raise ValueError(f"translate_to is {self.translate_to!r} and must be a language like en or fr")
