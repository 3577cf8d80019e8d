"""The mean of the weights of runs or packed models: each forgets some, what they agree on is surer (a model soup).

Run as `python -m classify.train.average OUT RUN[=SHARE] RUN[=SHARE]...`; shares are equal where none is told. The runs
must come from one another or from the same weights (Wortsman et al. 2022), and have one shape.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file

from classify.errors import BadTrainingData
from classify.train.earlier import RECORD, WEIGHTS, record_of, weights_of


def average(runs: Mapping[Path, float], out: Path) -> Path:
    """Write the runs' weighted mean as a run; shares need not add up to one. Raises BadTrainingData."""
    told = [record_of(run) for run in runs]
    if len({json.dumps(one["shape"], sort_keys=True) for one in told}) != 1:
        raise BadTrainingData("The runs have different shapes; only runs of one base and line-up can be averaged.")
    whole = sum(runs.values())
    mean = {name: tensor * 0.0 for name, tensor in weights_of(next(iter(runs))).items()}
    for run, share in runs.items():
        for name, tensor in weights_of(run).items():
            mean[name] += tensor * (share / whole)
    out.mkdir(parents=True, exist_ok=True)
    save_file(mean, out / WEIGHTS)
    last = list(runs)[-1]
    (out / "tokenizer.json").write_bytes((last / "tokenizer.json").read_bytes())
    parts = ", ".join(f"{run.name} {share / whole:.2g}" for run, share in runs.items())
    options = {"lineup": told[-1]["options"]["lineup"], "minutes": f"mean of the phases {parts}"}
    record = {"base": told[-1]["base"], "options": options, "loss": None, "shape": told[-1]["shape"]}
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return out


def main() -> None:
    """Read the runs and their shares from the command line."""
    told = [one.partition("=") for one in sys.argv[2:]]
    average({Path(run): float(share or 1.0) for run, _, share in told}, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
