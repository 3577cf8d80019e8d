"""The detectors by the names that a query or a rule uses, with the settings their authors ship."""

from dataclasses import dataclass

from warn.standard.cusum import Cusum, GeneralisedLikelihoodRatio, LikelihoodRatio
from warn.standard.ears import Ears
from warn.standard.eears import Eears
from warn.standard.essence import Essence
from warn.standard.exceedance import Bayes, Exceedance
from warn.standard.farrington import farrington_1996, noufaily
from warn.standard.kleinberg import Kleinberg
from warn.standard.outbreak_p import OutbreakP
from warn.standard.protocol import Detector
from warn.standard.rki import Rki
from warn.standard.share_charts import ShareGeneralisedLikelihoodRatio, ShareLikelihoodRatio

TRAINING = 28


@dataclass(frozen=True)
class Standard:
    """A detector and how many slots before the first judged one it is shown; charts begin there."""

    detector: Detector
    history: int
    what: str


STANDARD: dict[str, Standard] = {
    entry.detector.name: entry
    for entry in (
        Standard(Ears("C1", min_sigma=0.5), 9, "EARS C1: mean and deviation of the 7 slots before"),
        Standard(Ears("C2", min_sigma=0.5), 11, "EARS C2: the same, the 2 latest left out"),
        Standard(Ears("C3", min_sigma=0.5), 11, "EARS C3: what C2 exceeded 1 by, over 3 slots"),
        Standard(Eears(), 7, "ECDC epitweetr: EARS with a t quantile, past outbreaks weighted down"),
        Standard(Essence("ewma"), 56, "ESSENCE: EWMA chart"),
        Standard(Essence("regression"), 56, "ESSENCE: trend and weekday"),
        Standard(Essence("switch"), 56, "ESSENCE: regression where it explains, EWMA elsewhere"),
        Standard(Exceedance("poisson", dispersed=False), 29, "Poisson exceedance over 28 slots"),
        Standard(Exceedance("negative_binomial", dispersed=True), 29, "negative-binomial exceedance over 28 slots"),
        Standard(
            Exceedance("negative_binomial_share", dispersed=True, by_volume=True),
            29,
            "the same on the share of what was scanned",
        ),
        Standard(Cusum(training=TRAINING), 2 * TRAINING, "CUSUM of standardised counts, k 1.04, h 2.26"),
        Standard(LikelihoodRatio(training=TRAINING, alpha=None), 2 * TRAINING, "likelihood-ratio chart for a doubling"),
        Standard(
            GeneralisedLikelihoodRatio(training=TRAINING, longest=60), 2 * TRAINING, "likelihood-ratio chart, any rise"
        ),
        Standard(
            GeneralisedLikelihoodRatio(training=TRAINING, alpha=None, longest=60, name="glr_negative_binomial"),
            2 * TRAINING,
            "the same for negative-binomial counts",
        ),
        Standard(ShareLikelihoodRatio(), 2 * 28, "likelihood-ratio chart for a doubling of the share"),
        Standard(ShareGeneralisedLikelihoodRatio(), 2 * 28, "the same for any rise of the share"),
        Standard(OutbreakP(longest=60, least=28), 2 * 28, "OutbreakP: a rise against a constant mean"),
        Standard(Bayes(), 6, "R surveillance's Bayes: predictive bound after 6 slots"),
        Standard(Rki(), 6, "RKI: interval around the mean of 6 slots"),
        Standard(Kleinberg(), 2 * 28, "Kleinberg's two-state bursts on the share"),
        Standard(noufaily(b=3), 4 * 52, "Farrington flexible with 3 past years; by week only"),
        Standard(farrington_1996(b=3), 4 * 52, "Farrington of 1996 with 3 past years; by week only"),
    )
}
WEEKLY_ONLY = frozenset({"farrington_flexible", "farrington_1996"})
