"""The rules: each is a pure function from a study's votes to the votes it leaves out, and why.

A rule's function never changes what it does under one name: who needs another criterion adds another rule,
so that a set declared years ago leaves out today what it left out then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from humaneval.rating.vote_columns import NO_ANSWER, Bools, Ints, Smalls, VoteColumns

Settings = Mapping[str, float]
Words = Any
"""Text that is translated when it is shown, as form fields take it."""


@dataclass(frozen=True)
class Reason:
    """Why a rule leaves a vote out, with the figures that decided."""

    rule: str
    text: str


@dataclass(frozen=True)
class RuleSetting:
    """A number that a rule goes by, within bounds; ``label`` and ``meaning`` are for people."""

    default: float
    least: float
    most: float
    label: Words
    meaning: Words


@dataclass(frozen=True)
class Rule:
    """A named rule; ``meaning`` says which votes it leaves out, ``apply`` maps their ids to sentences."""

    name: str
    title: str
    meaning: Words
    apply: Callable[[VoteColumns, Settings], dict[int, str]]
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


def simulated(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out what programs gave."""
    return _told(votes, votes.simulated, "Given by a program.")


def late(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out what came after its lease had expired."""
    return _told(votes, votes.late, "Came after its lease had expired.")


def spoilt_exposure(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out timed votes whose stimulus was not shown as asked."""
    return _told(votes, votes.spoilt, "The image was not shown as asked.")


def failed_qualification(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out what was given in sessions that were screened out."""
    return _told(votes, votes.screened_out, "Its rater did not qualify.")


def _told(votes: VoteColumns, rows: Bools, reason: str) -> dict[int, str]:
    return dict.fromkeys(votes.vote[rows].tolist(), reason)


def impossibly_fast(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out what no person can have given, however fast the study's others are.

    That is a vote below the floor (a reaction to what was seen takes more than 100 ms: Whelan, The
    Psychological Record 58, 2008), and every vote of a session that says to have taken longer over a block
    than passed, by the server's clock, between its hand-out and its last vote: its times are made up. A block
    that was answered offline and sent at once is not mistaken for that.
    """
    floor = settings["floor_ms"]
    fast = votes.response_ms < floor
    reactions = {
        vote: f"Answered in {response:.0f} ms; nobody can in under {floor:g} ms."
        for vote, response in zip(votes.vote[fast].tolist(), votes.response_ms[fast].tolist(), strict=True)
    }
    return {**_of_sessions(votes, _made_up_times(votes, settings)), **reactions}


def _made_up_times(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Return what is said against sessions whose times are made up: of each the first such block.

    Votes from elsewhere come without the time of their hand-out, and nothing is said against them.
    """
    known = votes.handed_at > 0
    if not known.all():
        votes = votes.where(known)
    if not len(votes):
        return {}
    order = np.lexsort((votes.position, votes.handed_at, votes.session))
    session, handed = votes.session[order], votes.handed_at[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(session) != 0) | (np.diff(handed) != 0)])
    said = np.add.reduceat(votes.response_ms[order], begins) / 1000
    passed = (np.maximum.reduceat(votes.received_at[order], begins) - handed[begins]) / 1e6
    size = np.diff(np.r_[begins, len(order)])
    false = np.flatnonzero(said > passed * CLOCKS_DIFFER + settings["grace_s"])
    # Walked backwards, so that a session's first block has the last word.
    return {
        int(session[begins[block]]): (
            f"Says to have taken {said[block]:.1f} s over {size[block]} answers "
            f"that came within {passed[block]:.1f} s."
        )
        for block in false[::-1]
    }


CLOCKS_DIFFER = 1.02
"""How much faster a rater's clock may run than the server's: far more than real ones do."""


def too_fast(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out votes far faster than the study's typical one: below a share of its median response time.

    The median is taken over the people's votes, the programs' only where there are no others, and decides
    nothing before there are ``fewest`` of them. Relative speed finds the inattentive where fixed limits do
    not (Greszki, Meyer and Schoen, Public Opinion Quarterly 79, 2015, compare shares of 30% to 50%).
    """
    people = votes.response_ms[~votes.simulated]
    times = people if len(people) else votes.response_ms
    times = times[np.isfinite(times)]  # votes from elsewhere may lack some
    if len(times) < settings["fewest"]:
        return {}
    limit = float(np.median(times)) * settings["percent_of_median"] / 100
    fast = votes.response_ms < limit
    return {
        vote: f"Answered in {response:.0f} ms; the study's limit is {limit:.0f} ms."
        for vote, response in zip(votes.vote[fast].tolist(), votes.response_ms[fast].tolist(), strict=True)
    }


def failed_gold(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out all votes of sessions that answered too few of their gold trials rightly."""
    judged = (votes.expected != NO_ANSWER).any(axis=1) & votes.has_answer
    right = (votes.answers == votes.expected).all(axis=1)
    asked = f"{settings['percent_right']:g}% are asked for."
    return _of_sessions(
        votes,
        {
            session: f"{good} of {count} gold trials right; {asked}"
            for session, good, count in _by_session(votes.session, judged, right)
            if count >= settings["fewest"] and 100 * good < settings["percent_right"] * count
        },
    )


def inconsistent_repeats(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out all votes of sessions that answered too few repeats as they had answered before."""
    judged, alike = _compared(votes, settings["tolerance"])
    asked = f"{settings['percent_alike']:g}% are asked for."
    return _of_sessions(
        votes,
        {
            session: f"{same} of {count} repeats answered alike; {asked}"
            for session, same, count in _by_session(votes.session, judged, alike)
            if count >= settings["fewest"] and 100 * same < settings["percent_alike"] * count
        },
    )


def _compared(votes: VoteColumns, tolerance: float) -> tuple[Bools, Bools]:
    """Return which votes repeat an answered trial of their session, and which of them say the same."""
    answered, order = votes.has_answer, np.argsort(votes.position, kind="stable")
    again = np.flatnonzero(answered & votes.is_repeat)
    trials = set(votes.trial[again].tolist())
    first = {
        (int(votes.session[row]), int(votes.trial[row])): row
        for row in order[(answered & ~votes.is_repeat)[order] & np.isin(votes.trial[order], list(trials))]
    }
    judged, alike = np.zeros(len(votes), dtype=bool), np.zeros(len(votes), dtype=bool)
    for row in again:
        before = first.get((int(votes.session[row]), int(votes.trial[row])))
        if before is not None:
            judged[row] = True
            alike[row] = _alike(votes.answers[row], votes.answers[before], tolerance)
    return judged, alike


def _alike(answers: Smalls, before: Smalls, tolerance: float) -> bool:
    given = answers != NO_ANSWER
    same_questions = (given == (before != NO_ANSWER)).all()
    apart = np.abs(answers.astype(int) - before.astype(int))[given]
    return bool(same_questions and (apart <= tolerance).all())


def straight_lining(votes: VoteColumns, settings: Settings) -> dict[int, str]:
    """Leave out all votes of sessions that pressed the same, on screen, too many times in a row."""
    return _of_sessions(
        votes,
        {
            session: f"The same answer on screen {run} times in a row; "
            f"fewer than {settings['run']:g} are allowed."
            for session, run in _longest_runs(votes).items()
            if run >= settings["run"]
        },
    )


def _longest_runs(votes: VoteColumns) -> dict[int, int]:
    """Return for each session how often it pressed the same in a row, in order of position.

    Sessions whose order nobody knows, as those of votes from elsewhere may be, have no rows of answers.
    """
    answered = np.flatnonzero(votes.has_answer & (votes.position >= 0))
    if not len(answered):
        return {}
    order = answered[np.lexsort((votes.position[answered], votes.session[answered]))]
    session, pressed = votes.session[order], votes.pressed[order]
    changed = (np.diff(session) != 0) | (np.diff(pressed, axis=0) != 0).any(axis=1)
    begins = np.flatnonzero(np.r_[True, changed])
    length = np.diff(np.r_[begins, len(order)])
    whose, place = np.unique(session[begins], return_inverse=True)
    longest = np.zeros(len(whose), dtype=np.int64)
    np.maximum.at(longest, place, length)
    return dict(zip(whose.tolist(), longest.tolist(), strict=True))


def _by_session(session: Ints, judged: Bools, good: Bools) -> list[tuple[int, int, int]]:
    """Return (session, how many of its judged votes are good, how many are judged)."""
    ids, place = np.unique(session[judged], return_inverse=True)
    right = np.bincount(place, good[judged], len(ids)).astype(int)
    return list(
        zip(ids.tolist(), right.tolist(), np.bincount(place, minlength=len(ids)).tolist(), strict=True)
    )


def _of_sessions(votes: VoteColumns, against: Mapping[int, str]) -> dict[int, str]:
    """Return the reason that there is against a session for each of its votes."""
    rows = np.isin(votes.session, np.fromiter(against, np.int64, len(against)))
    pairs = zip(votes.vote[rows].tolist(), votes.session[rows].tolist(), strict=True)
    return {vote: against[session] for vote, session in pairs}


def _named(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules}


RULES: dict[str, Rule] = _named(
    [
        Rule("simulated", "Simulated raters", _("Votes of programs."), simulated, {}),
        Rule("late", "Late votes", _("Votes that came after their lease had run out."), late, {}),
        Rule(
            "spoilt_exposure",
            "Spoilt exposures",
            _("Timed votes whose image was not shown as asked."),
            spoilt_exposure,
            {},
        ),
        Rule(
            "failed_qualification",
            "Failed qualification",
            _("All votes of sessions that were screened out."),
            failed_qualification,
            {},
        ),
        Rule(
            "impossibly_fast",
            "Impossibly fast",
            _("Votes faster than anybody can see, and all votes of sessions whose times are made up."),
            impossibly_fast,
            {
                "floor_ms": RuleSetting(
                    100, 1, 10_000, _("Floor (ms)"), _("Milliseconds below which nobody can have looked.")
                ),
                "grace_s": RuleSetting(
                    1, 0, 60, _("Grace (s)"), _("Seconds that made-up times must exceed real ones by.")
                ),
            },
        ),
        Rule(
            "too_fast",
            "Too fast",
            _("Votes far faster than the study's typical one."),
            too_fast,
            {
                "percent_of_median": RuleSetting(
                    30, 1, 100, _("Limit (%)"), _("Limit, in percent of the median response time.")
                ),
                "fewest": RuleSetting(
                    30,
                    1,
                    1_000_000,
                    _("Fewest votes"),
                    _("Votes below which the study has no typical time yet."),
                ),
            },
        ),
        Rule(
            "failed_gold",
            "Failed gold trials",
            _("All votes of sessions that answered too few gold trials rightly."),
            failed_gold,
            {
                "percent_right": RuleSetting(
                    70, 0, 100, _("Right (%)"), _("Gold trials that must be right, in percent.")
                ),
                "fewest": RuleSetting(
                    2, 1, 1_000, _("Fewest gold trials"), _("Gold trials below which nobody is judged.")
                ),
            },
        ),
        Rule(
            "inconsistent_repeats",
            "Inconsistent repeats",
            _("All votes of sessions that answered too few repeats as they had answered before."),
            inconsistent_repeats,
            {
                "percent_alike": RuleSetting(
                    50, 0, 100, _("Alike (%)"), _("Repeats that must be answered alike, in percent.")
                ),
                "tolerance": RuleSetting(
                    0, 0, 10, _("Tolerance (points)"), _("Points of a scale by which two answers may differ.")
                ),
                "fewest": RuleSetting(
                    3, 1, 1_000, _("Fewest repeats"), _("Repeats below which nobody is judged.")
                ),
            },
        ),
        Rule(
            "straight_lining",
            "Straight-lining",
            _("All votes of sessions that gave the same answer on screen too many times in a row."),
            straight_lining,
            {
                "run": RuleSetting(
                    20,
                    3,
                    100_000,
                    _("Longest run"),
                    _("Same answers on screen in a row from which it counts."),
                )
            },
        ),
    ]
)


def rule_title(name: str) -> str:
    """Return a rule's name for people."""
    return RULES[name].title
