"""The rules: each is a pure function from the facts of a study's votes to the votes it leaves out, and why.

A rule's function never changes what it does under one name: who needs another criterion adds another rule,
so that a set declared years ago leaves out today what it left out then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from statistics import median

from humaneval.rating.exclusions.facts import VoteFacts

Facts = Sequence[VoteFacts]
Settings = Mapping[str, float]


@dataclass(frozen=True)
class Reason:
    """Why a rule leaves a vote out, with the figures that decided."""

    rule: str
    text: str


@dataclass(frozen=True)
class RuleSetting:
    """A number that a rule goes by, within bounds."""

    default: float
    least: float
    most: float
    meaning: str


@dataclass(frozen=True)
class Rule:
    """A named rule; ``apply`` maps ids of the votes left out to sentences."""

    name: str
    title: str
    apply: Callable[[Facts, Settings], dict[int, str]]
    settings: Mapping[str, RuleSetting]

    def problems(self, given: Mapping[str, object]) -> list[str]:
        """Return what is wrong with settings for this rule, as sentences."""
        return [text for name, value in given.items() if (text := self._problem(name, value))]

    def _problem(self, name: str, value: object) -> str:
        setting = self.settings.get(name)
        if setting is None:
            known = ", ".join(self.settings) or "none"
            return f"“{self.name}” has no setting “{name}”; it has {known}."
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not setting.least <= value <= setting.most:  # type: ignore[operator]
            return f"“{name}” of “{self.name}” must be a number from {setting.least:g} to {setting.most:g}."
        return ""

    def filled(self, given: Settings) -> dict[str, float]:
        """Return all settings of the rule: those given, else their defaults."""
        return {name: given.get(name, setting.default) for name, setting in self.settings.items()}


def simulated(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out what programs gave."""
    return {vote.vote_id: "Given by a program." for vote in facts if vote.simulated}


def late(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out what came after its lease had expired."""
    return {vote.vote_id: "Came after its lease had expired." for vote in facts if vote.late}


def spoilt_exposure(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out timed votes whose stimulus was not shown as asked."""
    return {vote.vote_id: "The image was not shown as asked." for vote in facts if vote.spoilt}


def failed_qualification(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out what was given in sessions that were screened out."""
    return {vote.vote_id: "Its rater did not qualify." for vote in facts if vote.screened_out}


def impossibly_fast(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out what no person can have given, however fast the study's others are.

    That is a vote below the floor (a reaction to what was seen takes more than 100 ms: Whelan, The
    Psychological Record 58, 2008), and every vote of a session that says to have taken longer over a block
    than passed, by the server's clock, between its hand-out and its last vote: its times are made up. A block
    that was answered offline and sent at once is not mistaken for that.
    """
    floor = settings["floor_ms"]
    reactions = {
        vote.vote_id: f"Answered in {vote.response_ms:.0f} ms; nobody can in under {floor:g} ms."
        for vote in facts
        if vote.response_ms < floor
    }
    return {**_by_session(facts, lambda votes: _made_up_times(votes, settings)), **reactions}


def _made_up_times(votes: Facts, settings: Settings) -> str:
    blocks: dict[datetime, list[VoteFacts]] = defaultdict(list)
    for vote in votes:
        blocks[vote.handed_at].append(vote)
    for handed_at, block in blocks.items():
        said = sum(vote.response_ms for vote in block) / 1000
        passed = (max(vote.received_at for vote in block) - handed_at).total_seconds()
        if said > passed * CLOCKS_DIFFER + settings["grace_s"]:
            return (
                f"Says to have taken {said:.1f} s over {len(block)} answers that came within {passed:.1f} s."
            )
    return ""


CLOCKS_DIFFER = 1.02
"""How much faster a rater's clock may run than the server's: far more than real ones do."""


def too_fast(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out votes far faster than the study's typical one: below a share of its median response time.

    The median is taken over the people's votes, the programs' only where there are no others, and decides
    nothing before there are ``fewest`` of them. Relative speed finds the inattentive where fixed limits do
    not (Greszki, Meyer and Schoen, Public Opinion Quarterly 79, 2015, compare shares of 30% to 50%).
    """
    people = [vote.response_ms for vote in facts if not vote.simulated]
    times = people or [vote.response_ms for vote in facts]
    if len(times) < settings["fewest"]:
        return {}
    limit = median(times) * settings["percent_of_median"] / 100
    return {
        vote.vote_id: f"Answered in {vote.response_ms:.0f} ms; the study's limit is {limit:.0f} ms."
        for vote in facts
        if vote.response_ms < limit
    }


def failed_gold(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out all votes of sessions that answered too few of their gold trials rightly."""
    return _by_session(facts, lambda votes: _gold_failure(votes, settings))


def _gold_failure(votes: Facts, settings: Settings) -> str:
    judged = [vote for vote in votes if vote.expected is not None and vote.answers]
    right = sum(vote.answers == vote.expected for vote in judged)
    if len(judged) < settings["fewest"] or 100 * right >= settings["percent_right"] * len(judged):
        return ""
    return f"{right} of {len(judged)} gold trials right; {settings['percent_right']:g}% are asked for."


def inconsistent_repeats(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out all votes of sessions that answered too few repeats as they had answered before."""
    return _by_session(facts, lambda votes: _inconsistency(votes, settings))


def _inconsistency(votes: Facts, settings: Settings) -> str:
    first = {vote.trial_id: vote.answers for vote in votes if not vote.is_repeat and vote.answers}
    again = [vote for vote in votes if vote.is_repeat and vote.answers and vote.trial_id in first]
    alike = sum(_alike(vote.answers, first[vote.trial_id], settings["tolerance"]) for vote in again)
    if len(again) < settings["fewest"] or 100 * alike >= settings["percent_alike"] * len(again):
        return ""
    return f"{alike} of {len(again)} repeats answered alike; {settings['percent_alike']:g}% are asked for."


def _alike(answers: Mapping[str, int], before: Mapping[str, int], tolerance: float) -> bool:
    return answers.keys() == before.keys() and all(
        abs(value - before[question]) <= tolerance for question, value in answers.items()
    )


def straight_lining(facts: Facts, settings: Settings) -> dict[int, str]:
    """Leave out all votes of sessions that pressed the same, on screen, too many times in a row."""
    return _by_session(facts, lambda votes: _straight_line(votes, settings))


def _straight_line(votes: Facts, settings: Settings) -> str:
    presses = [vote.pressed for vote in sorted(votes, key=lambda vote: vote.position) if vote.answers]
    longest = max((len(list(run)) for _, run in groupby(presses)), default=0)
    if longest < settings["run"]:
        return ""
    return f"The same answer on screen {longest} times in a row; fewer than {settings['run']:g} are allowed."


def _by_session(facts: Facts, judge: Callable[[Facts], str]) -> dict[int, str]:
    """Return the reason that ``judge`` has against a session, if any, for each of the session's votes."""
    sessions: dict[int, list[VoteFacts]] = defaultdict(list)
    for vote in facts:
        sessions[vote.session_id].append(vote)
    judged = ((votes, judge(votes)) for votes in sessions.values())
    return {vote.vote_id: reason for votes, reason in judged if reason for vote in votes}


def _named(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules}


RULES: dict[str, Rule] = _named(
    [
        Rule("simulated", "Simulated raters", simulated, {}),
        Rule("late", "Late votes", late, {}),
        Rule("spoilt_exposure", "Spoilt exposures", spoilt_exposure, {}),
        Rule("failed_qualification", "Failed qualification", failed_qualification, {}),
        Rule(
            "impossibly_fast",
            "Impossibly fast",
            impossibly_fast,
            {
                "floor_ms": RuleSetting(100, 1, 10_000, "Milliseconds below which nobody can have looked."),
                "grace_s": RuleSetting(1, 0, 60, "Seconds that made-up times must exceed real ones by."),
            },
        ),
        Rule(
            "too_fast",
            "Too fast",
            too_fast,
            {
                "percent_of_median": RuleSetting(
                    30, 1, 100, "Limit, in percent of the median response time."
                ),
                "fewest": RuleSetting(
                    30, 1, 1_000_000, "Votes below which the study has no typical time yet."
                ),
            },
        ),
        Rule(
            "failed_gold",
            "Failed gold trials",
            failed_gold,
            {
                "percent_right": RuleSetting(70, 0, 100, "Gold trials that must be right, in percent."),
                "fewest": RuleSetting(2, 1, 1_000, "Gold trials below which nobody is judged."),
            },
        ),
        Rule(
            "inconsistent_repeats",
            "Inconsistent repeats",
            inconsistent_repeats,
            {
                "percent_alike": RuleSetting(50, 0, 100, "Repeats that must be answered alike, in percent."),
                "tolerance": RuleSetting(0, 0, 10, "Points of a scale by which two answers may differ."),
                "fewest": RuleSetting(3, 1, 1_000, "Repeats below which nobody is judged."),
            },
        ),
        Rule(
            "straight_lining",
            "Straight-lining",
            straight_lining,
            {"run": RuleSetting(20, 3, 100_000, "Same answers on screen in a row from which it counts.")},
        ),
    ]
)


def rule_title(name: str) -> str:
    """Return a rule's name for people."""
    return RULES[name].title
