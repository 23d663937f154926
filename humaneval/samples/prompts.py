"""Prompts of samples: what may be one, and one row for each text and category."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from humaneval.samples.models import Prompt

CATEGORY_LENGTH = 120


class PromptsError(Exception):
    """A table of prompts cannot be used; the message names the line and says what to do."""


class PromptText(NamedTuple):
    """A prompt before it has a row."""

    text: str
    category: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of category and text: the same prompt in two sets is one row."""
        return hashlib.sha256(json.dumps([self.category, self.text]).encode()).hexdigest()


def checked_prompt(text: str, category: str, where: str) -> PromptText:
    """Return a prompt as it is stored; raises PromptsError, beginning with ``where``, where it cannot be."""
    prompt = PromptText(_tidy(text), _tidy(category))
    if not prompt.text:
        raise PromptsError(f"{where}: the prompt is empty.")
    if "\x00" in prompt.text or "\x00" in prompt.category:
        raise PromptsError(f"{where}: there is a NUL character in it.")
    if any("\ud800" <= character <= "\udfff" for character in prompt.text + prompt.category):
        raise PromptsError(f"{where}: there is half a character in it (a lone surrogate).")
    if len(prompt.category) > CATEGORY_LENGTH:
        raise PromptsError(f"{where}: the category is longer than {CATEGORY_LENGTH} characters.")
    return prompt


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def ensure_prompts(*, prompts: Iterable[PromptText]) -> Mapping[PromptText, int]:
    """Make the rows that are missing and return each prompt's id; two queries for any number."""
    wanted = {prompt.digest: prompt for prompt in prompts}
    if not wanted:
        return {}
    Prompt.objects.bulk_create(
        [Prompt(text=p.text, category=p.category, digest=digest) for digest, p in wanted.items()],
        ignore_conflicts=True,
        batch_size=500,
    )
    ids = Prompt.objects.filter(digest__in=wanted).values_list("digest", "id")
    return {wanted[digest]: id_ for digest, id_ in ids}
