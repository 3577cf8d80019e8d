"""Standard detectors give the numbers of R surveillance, Rnssp and epitweetr, on series that we drew ourselves.

`reference.json` holds a small part of those outputs and is always checked. The whole set lies beside the repository and
is checked where it is there.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warn.baseline import Array
from warn.standard.cusum import TRANSFORMS, Cusum, GeneralisedLikelihoodRatio, LikelihoodRatio
from warn.standard.ears import Ears
from warn.standard.eears import Eears
from warn.standard.essence import Essence
from warn.standard.exceedance import Bayes
from warn.standard.farrington import Farrington, farrington_1996, noufaily
from warn.standard.outbreak_p import OutbreakP
from warn.standard.rki import Rki

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "surveillance"
SMALL = json.loads((Path(__file__).parent / "reference.json").read_text())
EVERY = 8  # of the slow regressions, which slots are compared

Numbers = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True)
class Method:
    """How an expected column is computed: (counts, population, slots) to numbers at those slots, and how closely."""

    column: str
    numbers: Numbers
    tolerance: float = 1e-9
    every: int = 1


def ears(method: str, **settings: Any) -> Method:
    detector = Ears(method, as_r=True, **settings)
    return Method("upperbound", lambda y, _, at: detector.evaluate(y[None], y[None]).upper[0, at])


def chart(column: str, make: Callable[[int], Any]) -> Method:
    return Method(column, lambda y, _, at: make(int(at[0])).evaluate(y[None], y[None]).score[0, at])


def cusum(transform: str, k: float, h: float) -> Method:
    return chart("cusum", lambda training: Cusum(training=training, transform=transform, k=k, h=h))


def farrington(detector: Farrington, column: int, tolerance: float) -> Method:
    def numbers(y: Array, population: Array, at: Array) -> Array:
        return np.array([detector.at(y, population, int(slot))[column] for slot in at])

    return Method("expected" if column == 0 else "upperbound", numbers, tolerance, EVERY)


def essence(method: str) -> Method:
    return Method("p.value", lambda y, _, at: Essence(method).result(y[None]).p[0, at])


def rki(**settings: Any) -> Method:
    return Method("upperbound", lambda y, _, at: Rki(**settings).evaluate(y[None], y[None]).upper[0, at])


def outbreak_p(y: Array, _: Array, at: Array) -> Array:
    score = OutbreakP(least=int(at[0]), as_r=True).evaluate(y[None], y[None]).score[0, at]
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(score))


def epitweetr(**settings: Any) -> list[Method]:
    plain, weighed = Eears(downweight=False, **settings), Eears(**settings)
    return [
        Method("U0", lambda y, _, at: plain.evaluate(y[None], y[None]).upper[0, at]),
        Method("U0_dw", lambda y, _, at: weighed.evaluate(y[None], y[None]).upper[0, at]),
    ]


def bayes(**settings: Any) -> Method:
    return Method("upperbound", lambda y, _, at: Bayes(**settings).evaluate(y[None], y[None]).upper[0, at])


FARRINGTONS = {
    # The bound of method delta needs the standard error, which differs by the tolerance of R's iterations.
    "delta_default": (Farrington(), 1e-3),
    "delta_alpha0.01_b3": (Farrington(b=3, alpha=0.01), 1e-3),
    "noufaily_nbPlugin": (replace(noufaily(), least=(0, 4)), 0),
    "noufaily_muan": (Farrington(periods=10, left_out=26, alpha=0.005, trend_p=1.0, bound="muan", least=(0, 4)), 0),
    "nbPlugin_noreweight": (
        Farrington(b=3, periods=10, left_out=26, alpha=0.01, reweight=False, bound="nbPlugin", least=(0, 4)),
        0,
    ),
    "nbPlugin_b3_popoffset": (
        Farrington(b=3, periods=10, left_out=26, alpha=0.01, by_volume=True, bound="nbPlugin", least=(0, 4)),
        0,
    ),
}
METHODS: dict[str, list[Method]] = {
    "ears_C1": [ears("C1")],
    "ears_C2": [ears("C2")],
    "ears_C3": [ears("C3")],
    "ears_C1_min0.5": [ears("C1", min_sigma=0.5)],
    "ears_C2_min0.5": [ears("C2", min_sigma=0.5)],
    "ears_C3_min0.5": [ears("C3", min_sigma=0.5)],
    "ears_C1_b14_min1": [ears("C1", baseline=14, min_sigma=1.0)],
    "ears_C2_b28_min0.5_a1e4": [ears("C2", baseline=28, min_sigma=0.5, alpha=1e-4)],
    "glrpois": [chart("statistic", lambda training: GeneralisedLikelihoodRatio(training=training))],
    "glrnb": [
        chart(
            "statistic",
            # The reference was run with 56 slots before the last as the furthest beginning.
            lambda training: GeneralisedLikelihoodRatio(training=training, alpha=None, longest=57, as_r=True),
        )
    ],
    "lrpois_th0.7": [chart("statistic", lambda training: LikelihoodRatio(training=training))],
    "lrnb_th0.7": [chart("statistic", lambda training: LikelihoodRatio(training=training, alpha=None))],
    "bayes_b0_w6": [bayes(b=0, w=6)],
    "bayes_b2_w4": [bayes(b=2, w=4, current=False)],
    "essence_ewma": [essence("ewma")],
    "essence_regression": [essence("regression")],
    "essence_switch": [essence("switch")],
    "epitweetr_eears": epitweetr(),
    "epitweetr_eears_sameweekday": epitweetr(step=7),
    "rki1": [rki()],
    "rki2": [rki(b=1)],
    "rki3": [rki(b=2, w=4, current=False)],
    "outbreakP_k100": [Method("statistic", outbreak_p)],
    "farrington1996_b3_a0.01": [farrington(replace(farrington_1996(), least=(0, 4)), 1, 1e-4)],
    **{
        f"cusum_{transform}_k{k}_h{h}": [cusum(transform, k, h)]
        for transform in TRANSFORMS
        for k, h in ((0.5, 4), (1.04, 2.26))
    },
    **{
        f"farringtonFlexible_{name}": [farrington(detector, 0, 1e-5), farrington(detector, 1, tolerance)]
        for name, (detector, tolerance) in FARRINGTONS.items()
    },
}


def agree(method: Method, y: Array, population: Array, at: Array, expected: Array) -> None:
    """Compare relative to the larger of 1 and the number; what R cannot say is not compared with what we can."""
    found = method.numbers(y, population, at)
    both = ~(np.isnan(found) & np.isnan(expected)) & ~(np.isinf(found) & np.isinf(expected))
    off = np.abs(found[both] - expected[both]) / np.maximum(1, np.abs(expected[both]))
    assert not np.isnan(off).any()
    assert off.size == 0 or off.max() <= method.tolerance


@pytest.mark.parametrize("case", SMALL["cases"], ids=lambda case: f"{case['method']}-{case['column']}")
def test_a_part_of_the_reference_is_reproduced(case: dict[str, Any]) -> None:
    series = SMALL["series"][case["series"]]
    (method,) = [method for method in METHODS[case["method"]] if method.column == case["column"]]
    y, population = (np.array(series[key], dtype=float) for key in ("observed", "population"))
    agree(method, y, population, np.array(case["slots"]), np.array(case["values"], dtype=float))


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"the reference outputs are not at {REFERENCE}")
@pytest.mark.parametrize("name", METHODS)
def test_the_whole_reference_is_reproduced(name: str) -> None:
    paths = sorted((REFERENCE / "expected").glob(f"own_*__{name}.csv"))
    assert paths
    for path in paths:
        inputs = table(REFERENCE / "inputs" / f"{path.name.split('__')[0]}.csv")
        rows = table(path)
        at = (rows.get("t", rows.get("time_monitored", np.array([]))) - 1).astype(int)
        population = inputs.get("population", np.ones_like(inputs["observed"]))
        for method in METHODS[name]:
            # A chart begins with its first slot, which therefore always comes along.
            slots = at[:: method.every]
            agree(method, inputs["observed"], population, slots, rows[method.column][:: method.every])


def table(path: Path) -> dict[str, Array]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([number(row[key]) for row in rows]) for key in rows[0]}


def number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")
