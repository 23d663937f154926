"""What holds for all protocols alike."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from humaneval.protocols import base, registry
from humaneval.protocols.base import QuestionSpec, SettingsError
from tests.protocols.designs import condition, design

PROTOCOLS = list(registry.PROTOCOLS.values())
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)


def test_the_registry_lists_every_protocol_under_its_own_name():
    modules = {path.stem for path in Path(registry.__file__).parent.glob("*.py")}
    assert set(registry.PROTOCOLS) <= modules
    assert all(name == protocol.name for name, protocol in registry.PROTOCOLS.items())


def test_an_unknown_protocol_is_refused_with_the_names_there_are():
    with pytest.raises(LookupError, match=r"no protocol “guessing”; there are two_afc, likert"):
        registry.get("guessing")


@every_protocol
def test_the_same_seed_gives_the_same_trials_and_another_seed_others(protocol):
    plan = design(protocol)
    trials = list(protocol.trials(plan))
    assert trials == list(protocol.trials(plan))
    assert trials != list(protocol.trials(replace(plan, seed=plan.seed + 1)))


@every_protocol
def test_trials_do_not_depend_on_the_ids_that_a_database_gave(protocol):
    plan = design(protocol, prompts=4)
    moved = replace(
        plan,
        conditions=tuple(
            replace(c, id=c.id * 3, samples=c.samples * 7 + 1, prompts=c.prompts * 2 + 5)
            for c in plan.conditions
        ),
        pairs=tuple(
            replace(p, condition=p.condition * 3, first=p.first * 7 + 1, second=p.second * 7 + 1)
            for p in plan.pairs
        ),
    )
    for first, second in zip(protocol.trials(plan), protocol.trials(moved), strict=True):
        assert second.condition == first.condition * 3
        assert second.slots == tuple(tuple(sample * 7 + 1 for sample in slot) for slot in first.slots)
        assert second.prompt == (first.prompt * 2 + 5 if first.prompt else None)
        assert second.turn == first.turn


@every_protocol
@pytest.mark.parametrize("count", [1, 2, 7, 121])
def test_it_makes_as_many_trials_as_asked_numbered_from_zero(protocol, count):
    trials = list(protocol.trials(design(protocol, trials=count)))
    assert [trial.number for trial in trials] == list(range(count))


@pytest.mark.parametrize("protocol", [p for p in PROTOCOLS if not p.uses_pairs], ids=lambda p: p.name)
def test_a_large_study_is_drawn_chapter_by_chapter_each_balanced(protocol, monkeypatch):
    monkeypatch.setattr(base, "CHAPTER", 60)
    monkeypatch.setattr(base, "USES", 0)
    plan = design(protocol, trials=150)
    trials = list(protocol.trials(plan))
    assert [trial.number for trial in trials] == list(range(150))
    assert trials[:60] == list(protocol.trials(replace(plan, trial_count=60)))
    chapters = [trials[:60], trials[60:120]]
    slots = [[trial.slots for trial in chapter] for chapter in chapters]
    assert slots[0] != slots[1]
    for chapter in chapters:
        turns = Counter(trial.turn for trial in chapter)
        assert max(turns.values()) - min(turns.values()) <= 1


def test_a_chapter_holds_each_sample_many_times_however_many_there_are(monkeypatch):
    monkeypatch.setattr(base, "CHAPTER", 5)
    protocol = registry.get("two_afc")
    plan = design(protocol, samples=7, trials=2_000)
    size = base.USES * 7 * len(plan.conditions)
    used = Counter(sample for t in list(protocol.trials(plan))[:size] for slot in t.slots for sample in slot)
    for spec in plan.conditions:
        counts = [used[sample] for sample in spec.samples.tolist()]
        assert min(counts) > 0
        assert max(counts) - min(counts) <= 1


def test_drawing_many_trials_takes_the_memory_of_few(monkeypatch):
    monkeypatch.setattr(base, "CHAPTER", 1_000)
    monkeypatch.setattr(base, "USES", 1)
    protocol, peaks = registry.get("pairwise"), []
    for count in (2_000, 10_000):
        tracemalloc.start()
        assert sum(1 for _ in protocol.trials(design(protocol, trials=count))) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@every_protocol
def test_each_slot_holds_samples_of_its_condition(protocol):
    plan = design(protocol)
    owner = {sample: c.id for c in plan.conditions for sample in c.samples.tolist()}
    for trial in protocol.trials(plan):
        owners = [{owner[sample] for sample in slot} for slot in trial.slots]
        pair = [name for name in (trial.condition, trial.other) if name is not None]
        if len(pair) < len(trial.slots):
            pair *= len(trial.slots)
        assert owners == [{name} for name in trial.lineup or pair]


@every_protocol
def test_each_conditions_samples_are_used_evenly(protocol):
    plan = design(protocol, samples=7, trials=100)
    used = Counter(sample for t in protocol.trials(plan) for slot in t.slots for sample in slot)
    for spec in plan.conditions:
        counts = [used[sample] for sample in spec.samples.tolist()]
        assert max(counts) - min(counts) <= 1


@every_protocol
def test_ids_are_plain_integers_that_json_can_hold(protocol):
    trial = next(iter(protocol.trials(design(protocol, prompts=2))))
    numbers = [trial.condition, *(sample for slot in trial.slots for sample in slot)]
    assert all(type(number) is int for number in numbers)
    assert type(trial.turn) is int


@every_protocol
def test_the_defaults_can_be_launched(protocol):
    assert protocol.problems(design(protocol)) == []
    assert protocol.checked_settings({}) == {s.name: s.default for s in protocol.settings}
    assert protocol.default_instructions


@every_protocol
def test_the_page_says_whether_prompts_are_shown_and_what_is_offered_beside_answers(protocol):
    assert isinstance(protocol.page({})["show_prompt"], bool)
    assert protocol.page({})["cannot_tell"] is False
    assert protocol.page({"cannot_tell": True})["cannot_tell"] is True


@every_protocol
def test_over_ten_thousand_trials_places_are_balanced_overall_and_within_each_condition(protocol):
    made = list(protocol.trials(design(protocol, trials=10_000)))
    places = range(len(made[0].slots))
    turns = Counter(trial.turn for trial in made)
    first, shown = Counter(), Counter()
    for trial in made:
        lineup = trial.lineup or tuple(c for c in (trial.condition, trial.other) if c is not None)
        for place in places:
            slot = (place + trial.turn) % len(places)
            shown[lineup[slot] if slot < len(lineup) else trial.condition, place] += 1
        first[trial.condition, trial.turn] += 1
    assert set(turns) == set(places)
    assert max(turns.values()) - min(turns.values()) <= 1
    for counts in (first, shown) if len(places) == 2 else (shown,):
        for condition_id in {condition_id for condition_id, _ in counts}:
            often = [counts[condition_id, place] for place in places]
            assert max(often) - min(often) <= len(design(protocol).conditions)


@every_protocol
def test_no_question_is_a_problem(protocol):
    plan = replace(design(protocol), questions=())
    assert protocol.problems(plan) == ["The study has no question: add one for raters to answer."]


@every_protocol
def test_a_question_without_text_is_a_problem(protocol):
    plan = replace(design(protocol), questions=(QuestionSpec(key="q", text="  "),))
    assert protocol.problems(plan) == ["Question “q” has no text: write what raters are asked."]


@every_protocol
def test_an_empty_sample_set_is_a_problem(protocol):
    plan = design(protocol)
    plan = replace(plan, conditions=(*plan.conditions[:-1], condition(99, "generated", 0)))
    assert protocol.problems(plan) == ["“set 99” has no samples: import some, or leave it out."]


@every_protocol
def test_no_trials_is_a_problem(protocol):
    assert protocol.problems(design(protocol, trials=0)) == ["Ask for at least one trial."]


@every_protocol
def test_an_unknown_setting_is_refused_by_name(protocol):
    with pytest.raises(SettingsError, match=r"colour: .* has no such setting; it has "):
        protocol.checked_settings({"colour": "red"})
    assert protocol.problems(design(protocol, colour="red"))[0].startswith("Setting colour: ")


@every_protocol
def test_only_rates_have_successes(protocol):
    values, real = np.array([0, 1]), np.array([False, True])
    if protocol.analysis == "rate":
        assert protocol.successes(values, real).dtype == bool
        assert protocol.chance({}) == 0.5
    else:
        with pytest.raises(TypeError, match="have no successes"):
            protocol.successes(values, real)
