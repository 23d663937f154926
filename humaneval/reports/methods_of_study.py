"""How the study was run, in the words of a methods section: design, presentation, raters, pay, time.

What published advice asks a human evaluation to report, as far as the platform knows it: who the raters
were, how they were found and paid, how many judged how much, what they were shown and asked, in which order,
what was left out and by which rule decided when (van der Lee et al. 2019, INLG, and 2021, Computer Speech &
Language 67; Howcroft et al. 2020, INLG; Shimorina and Belz 2022, "The Human Evaluation Datasheet", HumEval).
What it does not know it leaves to be filled in, in square brackets, rather than guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from humaneval.protocols import registry
from humaneval.rating.exclusions import rule_title
from humaneval.reports.exclusions import rules_without_ground
from humaneval.reports.material import Material
from humaneval.reports.numbers import counted, listed

MISSING_CRITERION = "[Say how the quality judged was defined, and why this question measures it.]"
UNKNOWN_PANEL = "[say how raters were found]"
UNKNOWN_SHOWING = (
    "[Say how trials were chosen, how images were prepared, and in which order and places they were shown: "
    "the archive does not.]"
)
UNKNOWN_RULE_DATE = "[Say whether the rule was set before the first vote.]"
RULES = {
    "best": "one condition is better than every other",
    "chance": "every condition is told from chance, or is as good as chance",
    "width": "every interval is as narrow as {goal:g}",
}
"""When each stopping rule asks for no more votes."""
ENDS = {"closed": "the study was closed", "paused": "the study is paused", "open": "the study is still open"}
UNKNOWN_PEOPLE = "[Say what is known of the raters: language, country, expertise, age; which board approved.]"
UNKNOWN_PAY = "Pay: the platform has none on record [say what raters were paid, and what that makes an hour]."


def describe_study(material: Material) -> Iterator[str]:
    """Yield the paragraphs: how trials were made and shown, who judged them, what they were paid."""
    if material.is_from_elsewhere:
        yield _elsewhere(material)
        return
    of_archive = archive_of(material)["trials"]
    yield " ".join(_archived(material) if of_archive else _designed(material))
    yield " ".join(_recruited(material))
    if not material.votes.simulated.all():
        yield _paid(material)


def _elsewhere(material: Material) -> str:
    """Return what is known of votes that another tool gathered: next to nothing."""
    conditions = listed([one.label for one in material.study.conditions])
    return (
        f"The votes were gathered elsewhere and read from {material.design['source']}, as votes of the "
        f"protocol “{material.study.protocol_title}”. Conditions: {conditions}. [Say what was asked and "
        "shown, in which order, how raters were found, what they agreed to and were paid: the file does not.]"
        f"{_not_asked(material)}{_order_known(material)}"
    )


def _not_asked(material: Material) -> str:
    """Return which exclusion rules the file does not tell enough for."""
    names = [rule_title(name).lower() for name in rules_without_ground(material)]
    return f" The file does not tell enough to look for {listed(names)}." if names else ""


def _order_known(material: Material) -> str:
    """Return of how many sittings the order of votes is known, where that is not all of them."""
    votes = material.votes
    sittings, known = np.unique(votes.session), np.unique(votes.session[votes.position >= 0])
    if len(known) == len(sittings):
        return ""
    return (
        f" The order of votes is known in {len(known):,} of {counted(len(sittings), 'sitting')}: the others "
        "play no part in what is said of learning, fatigue and pace."
    )


def _archived(material: Material) -> Iterator[str]:
    """Yield what is known of trials that an archive says were shown: their images and answers."""
    study = material.study
    protocol = registry.get(study.protocol)
    yield (
        f"Trials: {len(material.trials):,} of the protocol “{protocol.title}” "
        f"({protocol.summary.rstrip('.')}), as an archive of votes gathered elsewhere says they were shown."
    )
    yield f"Conditions: {listed([one.label for one in study.conditions])}."
    yield UNKNOWN_SHOWING
    yield MISSING_CRITERION


def _designed(material: Material) -> Iterator[str]:
    design, study = material.design, material.study
    yield _trials(material)
    yield f"Conditions: {listed([one.label for one in study.conditions])}."
    if _all_archived(material):
        yield UNKNOWN_SHOWING
        yield MISSING_CRITERION
        return
    recipe = f" ({design['recipe']})" if design.get("recipe") else ""
    yield (
        f"All images, real and generated, were re-encoded by one recipe{recipe} and stripped of metadata; "
        "places on screen and the order of trials were balanced or drawn by the seed."
    )
    yield from _limits(design, study.state)


def _trials(material: Material) -> str:
    design, study = material.design, material.study
    protocol = registry.get(study.protocol)
    trials, asked = int((~material.trials.is_gold).sum()), design.get("votes_per_trial")
    named = f"Trials: {trials:,} of the protocol “{protocol.title}” ({protocol.summary.rstrip('.')})"
    wanted = f", {counted(asked, 'vote')} wanted for each" if asked else ""
    if design.get("adaptive"):
        return f"{named}; pairs were chosen as votes came in, by what they would tell (seed {study.seed})."
    return f"{named}{wanted}, made from seed {study.seed} before the first vote."


def _limits(design: Mapping[str, Any], state: str) -> Iterator[str]:
    session = design.get("assignments_per_session")
    if session:
        repeats = design.get("repeats_per_session") or 0
        twice = f", {repeats:,} of them shown twice to check consistency" if repeats else ""
        yield f"A sitting had at most {counted(session, 'trial')}{twice}."
    if design.get("gold_count"):
        gold = counted(design["gold_count"], "gold trial")
        yield f"{gold} with known answers checked attention and count for nothing."
    if design.get("unique_samples"):
        yield "No rater saw an image twice."
    strata = design.get("strata") or {}
    if strata.get("groups"):
        groups = listed(list(strata["groups"]))
        yield f"Votes were drawn in fixed numbers from {groups} (by {strata.get('by')})."
    if design.get("stop_rule"):
        yield _stopping(design, state)
    yield MISSING_CRITERION


def _stopping(design: Mapping[str, Any], state: str) -> str:
    """Return what the stopping rule was, and whether and when it was reached."""
    words = RULES.get(design["stop_rule"], design["stop_rule"]).format(goal=design.get("stop_goal") or 0)
    rule = f"A stopping rule was declared: no more trials are handed out once {words}."
    stopping = design.get("stopping")
    if stopping is None:  # a bundle from before it was kept
        return f"{rule} Whether it was reached is not on record. {UNKNOWN_RULE_DATE}"
    if not stopping["enough"]:
        ended = ENDS.get(state, "collection ended")
        return f"{rule} It has not been reached: {ended} without it. {UNKNOWN_RULE_DATE}"
    since = f" on {stopping['since'][:10]}" if stopping["since"] else ""
    return f"{rule} It was reached{since} ({stopping['enough'].rstrip('.')}). {UNKNOWN_RULE_DATE}"


def _recruited(material: Material) -> Iterator[str]:
    votes, sessions = material.votes, material.sessions
    raters = np.unique(votes.rater)
    programs = len(np.unique(votes.rater[votes.simulated]))
    people = len(raters) - programs
    if programs:
        were = "was a program" if programs == 1 else "were programs"
        yield f"{counted(programs, 'rater')} of {len(raters):,} {were}."
    if not people:
        return
    given = np.unique(votes.rater[~votes.simulated], return_counts=True)[1]
    sittings = counted(len(np.unique(votes.session[~votes.simulated])), "sitting")
    yield (
        f"{counted(people, 'person', 'people')} took part in {sittings} ({np.median(given):g} votes each in "
        f"the median, {given.min():,} to {given.max():,}){_consent(material)}."
    )
    yield from _from_archive(material)
    yield _panels(material)
    if any(sessions.strata):
        yield f"Groups of raters: {listed([one for one in sessions.strata if one])}."
    yield _when(material)
    yield UNKNOWN_PEOPLE


def archive_of(material: Material) -> Mapping[str, Any]:
    """Return what of a study is an archive's: nothing, where a bundle is from before that was kept."""
    return material.design.get("archive") or {"trials": False, "sittings": 0, "first": "", "last": ""}


def _all_archived(material: Material) -> bool:
    return bool(archive_of(material)["sittings"] >= len(np.unique(material.votes.session)))


def _consent(material: Material) -> str:
    """Return what is known of consent: sittings of an archive tell of none."""
    if _all_archived(material):
        return ""
    others = " in the sittings that are no archive's" if archive_of(material)["sittings"] else ""
    return f", all{others} after giving consent on the first page"


def _from_archive(material: Material) -> Iterator[str]:
    archive = archive_of(material)
    if archive["sittings"]:
        sittings = counted(archive["sittings"], "sitting")
        votes = f"The votes of {sittings} were gathered elsewhere and read from an archive"
        sent = _days(archive["first"][:10], archive["last"][:10])
        dated = f", by which they were sent in {sent}" if sent else ""
        yield f"{votes}{dated}. [Say what these raters were shown and agreed to: the archive does not.]"


def _panels(material: Material) -> str:
    sessions, votes = material.sessions, material.votes
    rows = sessions.rows(votes.session)
    _, first = np.unique(votes.rater, return_index=True)
    panels = sessions.panel[rows[first[~votes.simulated[first]]]]
    said = [
        f"{sessions.panels[code] or 'no named panel'} "
        f"({counted(int((panels == code).sum()), 'person', 'people')})"
        for code in np.unique(panels).tolist()
    ]
    return f"They came by {listed(said)} {UNKNOWN_PANEL}."


def _when(material: Material) -> str:
    received = material.votes.received_at[material.votes.received_at > 0]
    if not len(received):
        return "When they voted is not recorded."
    ends = (received.min(), received.max())
    first, last = (str(np.datetime64(int(end), "us").astype("datetime64[D]")) for end in ends)
    came = "were stored" if archive_of(material)["sittings"] else "came in"
    return f"Votes {came} {_days(first, last)}."


def _days(first: str, last: str) -> str:
    if not first:
        return ""
    return f"on {first}" if first == last else f"from {first} to {last}"


def _paid(material: Material) -> str:
    postings = material.payment.get("postings") or []
    return f"Pay: {listed([_posting(one) for one in postings])}." if postings else UNKNOWN_PAY


def _posting(one: Mapping[str, Any]) -> str:
    currency = one["currency"]
    hourly = f", {one['hourly']} {currency} an hour in the median" if one.get("hourly") else ""
    return (
        f"{one['panel']} paid {one['reward']} {currency} for about {counted(int(one['minutes']), 'minute')} "
        f"({counted(int(one['submissions']), 'submission')}, {one['paid']} {currency} in all{hourly})"
    )
