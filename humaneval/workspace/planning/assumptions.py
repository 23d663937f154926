"""What is assumed of a protocol's votes until a pilot has measured it, and where each figure comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from humaneval.stats.planning import Kind

Words = Any
"""Text that is translated when it is shown, as form fields take it."""


@dataclass(frozen=True)
class Assumption:
    """How a protocol is planned for: default figures by field, and where they come from."""

    kind: Kind
    defaults: Mapping[str, float]
    effect: Words
    effect_help: Words
    spread_help: Words
    width_help: Words
    source: Words

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
_CORRELATION = _(
    "The correlation of two votes: 0 where all vote alike. 0.1 at 40 votes a rater makes intervals 2.2 times "
    "as wide as if votes were independent."
)

_WIDTH_OF_SHARE = _("High end minus low end of the 95% interval of a share: 0.1 is ten percentage points.")

ASSUMED: dict[str, Assumption] = {
    "two_afc": Assumption(
        kind="rate",
        defaults={"effect": 0.4, "rater": 0.01, "item": 0.05, "width": 0.1, "seconds": 2.0},
        effect=_("Expected share fooled"),
        effect_help=_("Between 0 and 1. Power is the chance to tell it from mere guessing."),
        spread_help=_CORRELATION,
        width_help=_WIDTH_OF_SHARE,
        source=_HYPE,
    ),
    "real_or_fake": Assumption(
        kind="rate",
        defaults={"effect": 0.4, "rater": 0.1, "item": 0.05, "width": 0.1, "seconds": 1.3},
        effect=_("Expected share judged real"),
        effect_help=_("Between 0 and 1, of one condition. Power is the chance to tell it from one half."),
        spread_help=_CORRELATION,
        width_help=_WIDTH_OF_SHARE,
        source=_LEANING,
    ),
    "likert": Assumption(
        kind="likert",
        defaults={
            "effect": 0.3,
            "rater": 0.5,
            "item": 0.5,
            "deviation": 1.0,
            "width": 0.4,
            "seconds": 4.0,
        },
        effect=_("Expected difference in points"),
        effect_help=_("Between the mean scores of two conditions. Power is the chance to find it."),
        spread_help=_(
            "Standard deviation, in points of the scale. For a width: of mean scores; for power: of the "
            "difference between two conditions."
        ),
        width_help=_("High end minus low end of the 95% interval of a mean score, in points."),
        source=_SCALE,
    ),
    "pairwise": Assumption(
        kind="pairwise",
        defaults={"effect": 0.4, "rater": 0.5, "item": 0.5, "width": 0.6, "seconds": 4.0},
        effect=_("Expected difference in strength"),
        effect_help=_(
            "In logits between the best and the worst condition: 0.4 is winning 60 in 100 of their pairs, "
            "0.85 is 70."
        ),
        spread_help=_("Standard deviation, in logits, of the difference between two conditions."),
        width_help=_("High end minus low end of the 95% interval of a difference in strength, in logits."),
        source=_TASTE,
    ),
}

COMMON: dict[str, Any] = {
    "aim": "power",
    "power": 0.8,
    "deviation": 1.0,
    "votes_per_trial": 2,
    "images": 500,
    "conditions": 2,
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
