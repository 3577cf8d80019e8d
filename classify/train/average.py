"""The mean of the weights of runs or packed models: each forgets some, what they agree on is surer (a model soup).

Run as `python -m classify.train.average OUT RUN[=SHARE] RUN[=SHARE]...`; shares are equal where none is told. The runs
must come from one another or from the same weights (Wortsman et al. 2022), and have one shape; of readings the last
one's line-up counts, and a run that lacks one of them says of it what the last does. N-grams are the last run's.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from classify.errors import BadTrainingData
from classify.train.earlier import carried, readings_of, record_of, save_run, weights_of


def average(runs: Mapping[Path, float], out: Path) -> Path:
    """Write the runs' weighted mean as a run; shares need not add up to one. Raises BadTrainingData."""
    told = [record_of(run) for run in runs]
    if len({json.dumps(one["shape"] | {"readings": 0}, sort_keys=True) for one in told}) != 1:
        raise BadTrainingData("The runs have different shapes; only runs of one base can be averaged.")
    whole, last = sum(runs.values()), list(runs)[-1]
    present, names = weights_of(last), readings_of(last)
    mean = {name: tensor * 0.0 for name, tensor in present.items()}
    for run, share in runs.items():
        weights = weights_of(run)
        for name, tensor in (weights | carried(weights, readings_of(run), names, present)).items():
            mean[name] += tensor * (share / whole)
    parts = ", ".join(f"{run.name} {share / whole:.2g}" for run, share in runs.items())
    options = {"lineup": told[-1]["options"]["lineup"], "minutes": f"mean of the phases {parts}"}
    record = {"base": told[-1]["base"], "options": options, "loss": None, "shape": told[-1]["shape"]}
    record["readings"] = names
    return save_run(mean, record, last, out)


def main() -> None:
    """Read the runs and their shares from the command line."""
    told = [one.partition("=") for one in sys.argv[2:]]
    average({Path(run): float(share or 1.0) for run, _, share in told}, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
