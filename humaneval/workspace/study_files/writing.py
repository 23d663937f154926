"""From any study to its file: what a researcher gave, and nothing that a launch or raters added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import permutations
from math import factorial
from typing import Any

import yaml
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Choices

from humaneval.protocols import registry
from humaneval.protocols.base import AnswerError, Protocol
from humaneval.protocols.orders import MOST, order_of
from humaneval.rating.exclusions import declared_before_launch
from humaneval.samples.models import Sample
from humaneval.studies.design import question_specs
from humaneval.studies.flow import complete_flow, default_flow
from humaneval.studies.models import GoldTrial, Study
from humaneval.workspace.study_files.shapes import (
    LINK_KEYS,
    POSTING_KEYS,
    QUESTION_KEYS,
    VERSION,
    place_of,
    study_fields,
)

_WORDS = ("real", "fake", "same", "different", "tie", "both_good", "both_bad")


def write_study(study: Study) -> str:
    """Return a study as the text of a study file: made again from it, it is equal but for its address."""
    pairs = list(_pairs(study))
    whole = {
        "humaneval": VERSION,
        "name": study.name,
        "protocol": study.protocol,
        "settings": dict(study.settings),
        "sample_sets": _sets(study),
        "questions": [_question(study, row) for row in study.questions.all()],
        **_fields(study),
        **({"trials": len(pairs)} if pairs else {}),  # what a draft says besides could not be launched
        "exclusions": _rules(study),
        "panel": _panel(study),
        "pairs": pairs,
        "gold": list(_gold(study)),
    }
    kept = {key: value for key, value in whole.items() if value not in ({}, [], None)}
    head = "# A study of the human evaluation platform; docs/study-file.md says what each key means.\n"
    text: str = yaml.dump(kept, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return head + text


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: equal values are written twice."""
        return True


def _as_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _as_number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", str(value))


_Dumper.add_representer(str, _as_text)
_Dumper.add_multi_representer(Choices, lambda dumper, choice: dumper.represent_data(choice.value))
_Dumper.add_representer(Decimal, _as_number)


def _sets(study: Study) -> list[dict[str, str]]:
    rows = study.conditions.select_related("sample_set")
    return [
        {
            "set": row.sample_set.slug,
            "kind": row.sample_set.kind,
            **({"label": row.label} if row.label else {}),
        }
        for row in rows
    ]


def _question(study: Study, row: Any) -> dict[str, Any]:
    """Return a question; a scale's keys only where the protocol has one or they were given."""
    scale = registry.PROTOCOLS[study.protocol].uses_scale if study.protocol in registry.PROTOCOLS else True
    values = {name: getattr(row, name) for name in QUESTION_KEYS}
    default = row._meta.get_field("points").default
    return {
        name: value
        for name, value in values.items()
        if name in {"key", "text"} or (value if name != "points" else scale or value != default)
    }


def _fields(study: Study) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in study_fields():
        value = getattr(study, field)
        if field == "flow" and complete_flow(value) == default_flow():
            continue
        section, *rest = place_of(field)
        if rest:
            found.setdefault(str(section), {})[str(rest[0])] = value
        else:
            found[str(section)] = value
    return found


def _rules(study: Study) -> dict[str, Any] | None:
    declared = declared_before_launch(study)
    return {"name": declared.name, "rules": declared.rules} if declared else None


def _panel(study: Study) -> dict[str, Any]:
    """Return how the study recruits: no invitations, which are people's, and no panel's own ids."""
    found: dict[str, Any] = {}
    try:
        link = study.link_settings
        found["link"] = {name: getattr(link, name) for name in LINK_KEYS if getattr(link, name) != ""}
    except ObjectDoesNotExist:
        pass
    postings = [
        {name: getattr(row, name) for name in POSTING_KEYS if getattr(row, name) not in (None, {})}
        for row in study.postings.order_by("id")
    ]
    return {**found, **({"postings": postings} if postings else {})}


def _pairs(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the rows of a study's pairs: none where another protocol has left them unused."""
    protocol = registry.PROTOCOLS.get(study.protocol)
    if protocol is None or not protocol.uses_pairs:
        return
    rows = study.duplicatepairs.order_by("id").values_list(
        "condition__sample_set__slug", "batch", "first__name", "second__name", "distance"
    )
    for sample_set, batch, first, second, distance in rows:
        row = {"sample_set": sample_set, "batch": batch, "first": first, "second": second}
        yield row if distance is None else {**row, "distance": distance}


def _gold(study: Study) -> Iterator[dict[str, Any]]:
    gold = list(study.goldtrials.all())
    names = _sample_names(sample for row in gold for slot in row.slots for sample in slot)
    for row in gold:
        cells = {
            f"slot_{number}": " | ".join(names[sample] for sample in slot)
            for number, slot in enumerate(row.slots, start=1)
        }
        yield {**cells, **_answers(study, row)}


def _sample_names(samples: Iterable[int]) -> dict[int, str]:
    rows = Sample.objects.filter(pk__in=set(samples)).values_list("pk", "sample_set__slug", "name")
    return {pk: f"{slug}/{name}" for pk, slug, name in rows}


def _answers(study: Study, gold: GoldTrial) -> dict[str, str]:
    """Return the right answers in a gold table's words, none where the protocol knows them itself."""
    protocol = registry.get(study.protocol)
    if protocol.knows_answers:
        return {}
    settings = {name: value for name, value in study.settings.items() if name != "ask"}
    return {
        question.key: _cell(protocol, question, gold.expected[question.key], len(gold.slots), settings)
        for question in question_specs(study)
        if question.key in gold.expected
    }


def _cell(protocol: Protocol, question: Any, value: int, slots: int, settings: dict[str, Any]) -> str:
    """Return the words that a protocol reads as a canonical value, found by trying."""
    for cell, shown in _candidates(value, slots):
        try:
            if protocol.decode(question, shown, range(slots), settings) == value:
                return cell
        except AnswerError:
            continue
    raise ValueError(f"{protocol.title} has no words for the answer {value}.")


def _candidates(value: int, slots: int) -> Iterator[tuple[str, Any]]:
    yield from ((f"slot_{number + 1}", number) for number in range(slots))
    yield from ((word, word) for word in _WORDS)
    yield from ((str(point), point) for point in range(-100, 101))
    orders = [order_of(value, slots)] if 1 < slots <= MOST and 0 <= value < factorial(slots) else []
    for order in (*orders, *permutations(range(slots), 2)):
        yield " > ".join(f"slot_{number + 1}" for number in order), list(order)
