"""What to think of before a launch: rules that are chosen once votes are there persuade nobody."""

from __future__ import annotations

from django.utils.translation import gettext as _

from humaneval.rating.exclusions.declaring import declared_before_launch
from humaneval.studies.models import Study


def rules_advice(study: Study) -> list[str]:
    """Return a sentence where a draft has no exclusion rules yet."""
    if declared_before_launch(study) is not None:
        return []
    return [
        _(
            "No exclusion rules are declared. Declare them before you launch, on the page “Exclusion rules” "
            "or in a study file, even if nothing is to be left out: later ones are marked as declared after "
            "launch."
        )
    ]
