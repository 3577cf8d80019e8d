"""What an operator may choose about classifying: data with a name, a default and a line of help.

Nothing here reads the environment; `api/settings.py` builds the `TOCSIN_*` variables from these fields.
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClassifySettings:
    """How texts are classified; every field's metadata carries its line of help."""

    model: str = field(
        default="bundled",
        metadata={
            "help": "The model: `bundled`, a local folder (ours, or a Hugging Face one with our labels), or a hub name."
        },
    )
    engine: str = field(
        default="auto",
        metadata={
            "help": "What runs the model: `auto` takes the fastest that is right here; `tocsin doctor` says why.",
            "choices": ("auto", "openvino", "torch", "zero-shot"),
        },
    )
    device: str = field(
        default="auto",
        metadata={
            "help": "Where checkpoints that need torch run: `auto` takes a GPU where there is one; the bundled model "
            "stays on the CPU.",
            "choices": ("auto", "cpu", "cuda"),
        },
    )
    zero_shot: Path | None = field(
        default=None,
        metadata={
            "help": "A JSON file for the engine `zero-shot`: hypotheses, thresholds, languages you have measured."
        },
    )
    threads: int = field(
        default=1,
        metadata={
            "help": "Threads per scoring process; 0 uses every core. One stream per core beats many threads.",
            "range": (0, 256),
        },
    )
    batch_tokens: int = field(
        default=2048,
        metadata={
            "help": "Most tokens scored in one step; halved by itself when memory runs out.",
            "range": (128, 1_000_000),
        },
    )
    claim: int = field(
        default=64,
        metadata={"help": "Most documents a worker assesses in one turn of the arrow.", "range": (1, 10_000)},
    )
    lease_seconds: int = field(
        default=600,
        metadata={
            "help": "How long a claimed document stays with a worker that does not answer.",
            "range": (10, 86_400),
        },
    )
    gazetteer: Path | None = field(
        default=None,
        metadata={
            "help": "A JSON Lines file of group names that adds to, or replaces, entries of the bundled gazetteer."
        },
    )
    explain: bool = field(
        default=True,
        metadata={
            "help": "Whether flagged passages get highlights (up to 24 more passes for each, and 48 of a few words)."
        },
    )
