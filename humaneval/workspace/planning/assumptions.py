"""What is assumed of a protocol's votes until a pilot has measured it, and where each figure comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

Words = Any
"""Text that is translated when it is shown, as form fields take it."""
Kind = Literal["rate", "likert", "pairwise", "orders", "exposures"]


@dataclass(frozen=True)
class Assumption:
    """How a protocol is planned for: default figures by field, and where they come from.

    The form asks for the fields that have a default here or in :data:`COMMON`. ``no_power`` says why there is
    nothing to find, where a protocol is planned for a width alone.
    """

    kind: Kind
    defaults: Mapping[str, Any]
    labels: Mapping[str, Words]
    helps: Mapping[str, Words]
    source: Words
    no_power: Words = field(default="")

    @property
    def is_rate(self) -> bool:
        """Whether what is measured is a share."""
        return self.kind == "rate"


_HYPE = _(
    "Zhou et al. 2019 (HYPE-infinity): 30 raters of 100 images each found 50.7% [48.2, 53.1] for one model, "
    "1.9 times the variance of independent votes, that is a correlation of 0.009; for another, "
    "40.3% [38.5, 42.0], 1.0 times. That raters lean to “real” matters little where real and generated stand "
    "side by side. How far images differ is assumed."
)
_LEANING = _(
    "There is no published figure by rater: each leans to “real” or to “generated”, which HYPE's figures "
    "over both (Zhou et al. 2019: correlations of 0 to 0.009) leave out. So 0.1 is assumed, with care. "
    "Measure it from a pilot."
)
_SCALE = _(
    "Single scores: the standard deviation at the middle of a five-point scale by the SOS hypothesis "
    "(Hoßfeld, Schatz and Egger 2011) with a = 0.25, which is assumed, as is how far raters and images "
    "differ. Measure them from a pilot."
)
_TASTE = _(
    "Assumed: half a logit between raters and between prompts. Published studies of preferences seldom give "
    "their votes by rater. Measure it from a pilot."
)
_EXPOSURES = _(
    "Zhou et al. 2019 (HYPE-time): 363.2 ms [300.0, 424.3] for one model, 240.7 ms for another. Of 30 "
    "raters, as is assumed, such an interval means a standard deviation of 174 ms between them; simulated "
    "staircases of raters who differ by 0.55 of their mean have 169. How steeply raters come to see is "
    "assumed. Measure both from a pilot."
)
_PAIRS = _(
    "Arora, Risteski and Zhang 2018 look for the batch size at which half of the batches hold a duplicate; "
    "where each batch lists its nearest pair, so do half of the pairs. That most raters agree on a pair "
    "(0.6), and that few lean to “same” (0.02), is assumed. Measure it from a pilot."
)
_NO_POWER = _(
    "The share of pairs judged the same has no value that it must differ from: it follows from how many "
    "pairs each batch lists. So there is no power to plan for; plan for the width of its interval."
)
_CORRELATION = _(
    "The correlation of two votes: 0 where all vote alike. 0.1 at 40 votes a rater makes intervals 2.2 times "
    "as wide as if votes were independent."
)
_LOGITS = _("Standard deviation, in logits, of the difference between two conditions.")
_BEST_AND_WORST = _(
    "In logits between the best and the worst condition: 0.4 is winning 60 in 100 of their pairs, 0.85 is 70."
)
_STRENGTH = _("Expected difference in strength")
_WIDTH_OF_SHARE = _("High end minus low end of the 95% interval of a share: 0.1 is ten percentage points.")
_SCORES = _(
    "Standard deviation, in points of the scale. For a width: of mean scores; for power: of the difference "
    "between two conditions."
)

ASSUMED: dict[str, Assumption] = {
    "two_afc": Assumption(
        kind="rate",
        defaults={"effect": 0.4, "rater": 0.01, "item": 0.05, "conditions": 2, "width": 0.1, "seconds": 2.0},
        labels={"effect": _("Expected share fooled")},
        helps={
            "effect": _("Between 0 and 1. Power is the chance to tell it from mere guessing."),
            "rater": _CORRELATION,
            "item": _CORRELATION,
            "width": _WIDTH_OF_SHARE,
        },
        source=_HYPE,
    ),
    "real_or_fake": Assumption(
        kind="rate",
        defaults={"effect": 0.4, "rater": 0.1, "item": 0.05, "conditions": 2, "width": 0.1, "seconds": 1.3},
        labels={"effect": _("Expected share judged real")},
        helps={
            "effect": _("Between 0 and 1, of one condition. Power is the chance to tell it from one half."),
            "rater": _CORRELATION,
            "item": _CORRELATION,
            "width": _WIDTH_OF_SHARE,
        },
        source=_LEANING,
    ),
    "timed_real_or_fake": Assumption(
        kind="exposures",
        defaults={
            "effect": 363.0,
            "reference": 241.0,
            "rater": 0.55,
            "rise": 1.6,
            "width": 120.0,
            "seconds": 2.5,
        },
        labels={"effect": _("Expected exposure (ms)")},
        helps={
            "effect": _(
                "That raters need, in the mean: with staircases HYPE-time, with constant stimuli the one at "
                "which 75% are right. Power is the chance to tell it from another."
            ),
            "rater": _("Standard deviation of raters' exposures, over their mean."),
            "width": _("High end minus low end of the 95% interval of the exposure, in ms."),
            "images": _("Different images of each set; real and generated ones are trials alike."),
        },
        source=_EXPOSURES,
    ),
    "likert": Assumption(
        kind="likert",
        defaults={
            "effect": 0.3,
            "rater": 0.5,
            "item": 0.5,
            "deviation": 1.0,
            "conditions": 2,
            "width": 0.4,
            "seconds": 4.0,
        },
        labels={"effect": _("Expected difference in points")},
        helps={
            "effect": _("Between the mean scores of two conditions. Power is the chance to find it."),
            "rater": _SCORES,
            "item": _SCORES,
            "width": _("High end minus low end of the 95% interval of a mean score, in points."),
        },
        source=_SCALE,
    ),
    "pairwise": Assumption(
        kind="pairwise",
        defaults={"effect": 0.4, "rater": 0.5, "item": 0.5, "conditions": 2, "width": 0.6, "seconds": 4.0},
        labels={"effect": _STRENGTH},
        helps={
            "effect": _BEST_AND_WORST,
            "rater": _LOGITS,
            "item": _LOGITS,
            "width": _("High end minus low end of the 95% interval of a difference in strength, in logits."),
        },
        source=_TASTE,
    ),
    "ranking": Assumption(
        kind="orders",
        defaults={"effect": 0.4, "rater": 0.5, "item": 0.5, "conditions": 4, "width": 0.4, "seconds": 12.0},
        labels={
            "effect": _STRENGTH,
            "item": _("How much prompts differ"),
            "images": _("Prompts"),
        },
        helps={
            "effect": _BEST_AND_WORST,
            "rater": _LOGITS,
            "item": _LOGITS,
            "width": _("High end minus low end of the 95% interval of a condition's strength, in logits."),
            "conditions": _("Of which each trial shows as many as the study says."),
            "images": _("That all conditions have images of; without prompts, images of a condition."),
        },
        source=_TASTE,
    ),
    "duplicates": Assumption(
        kind="rate",
        defaults={
            "aim": "width",
            "effect": 0.5,
            "rater": 0.02,
            "item": 0.6,
            "conditions": 1,
            "width": 0.15,
            "seconds": 4.0,
            "images": 200,
            "votes_per_trial": 3,
        },
        labels={
            "effect": _("Expected share judged the same"),
            "item": _("How much pairs differ"),
            "images": _("Pairs a condition"),
        },
        helps={
            "effect": _("Between 0 and 1, of the pairs that one condition lists."),
            "rater": _CORRELATION,
            "item": _("The correlation of two raters' votes on one pair: 1 where all agree on each."),
            "width": _WIDTH_OF_SHARE,
            "images": _(
                "In the study's table of pairs; each is one trial. How many different images the model makes "
                "is told by the number of batches, not of raters."
            ),
            "votes_per_trial": _(
                "Most votes on a pair decide whether its batch holds a duplicate: an odd number."
            ),
        },
        source=_PAIRS,
        no_power=_NO_POWER,
    ),
}

COMMON: dict[str, Any] = {
    "aim": "power",
    "power": 0.8,
    "votes_per_trial": 2,
    "images": 500,
    "session": 40,
    "besides": 2.0,
    "per_hour": 10.0,
    "panel": "",
    "wage": "16.00",
}
WAGE_SOURCE = _("16 dollars an hour is what Lee et al. 2023 (HEIM) paid for judgements of generated images.")
TIME_SOURCE = _(
    "Raters of real-or-fake studies took 1.05 to 1.45 seconds a trial in the median in published data; the "
    "other protocols' times are assumed."
)
FURTHER_QUESTIONS = _(
    "No data tell how long further questions about the same images take: each is taken to need as long as "
    "the first, which is rather too much."
)
