"""Which words a rater agreed to."""

from __future__ import annotations

import hashlib

from humaneval.studies.flow import words_in
from humaneval.studies.models import Study


def consent_text(study: Study, language: str = "") -> str:
    """Return the study's consent text in a language, or in its own words where that is not given."""
    return str(words_in(study.flow, language).get("consent", study.consent_text))


def consent_hash(study: Study, language: str = "") -> str:
    """Return the SHA-256, in hexadecimal, of the consent text as UTF-8.

    The page sends it back with the rater's agreement, so that nobody agrees to words they did not see.
    """
    return hashlib.sha256(consent_text(study, language).encode()).hexdigest()
