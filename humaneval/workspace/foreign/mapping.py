"""Which column is what: roles that a vote has, the names by which they are known, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from humaneval.protocols import registry
from humaneval.workspace.foreign.problems import ForeignRefused, did_you_mean, listed

QUESTION = "question."
"""``question.KEY`` is the column that answers the question of that key; ``answer`` where there is one."""

ROLES: dict[str, tuple[str, ...]] = {
    "rater": ("worker", "worker_id", "workerid", "annotator", "annotator_id", "user", "user_id", "judge",
              "participant", "participant_id", "subject"),
    "session": ("session_id",),
    "item": ("item_id", "sample", "image", "instance_id", "prompt_id", "question_id"),
    "condition": ("system", "model", "model_a", "modela", "system_a", "method"),
    "other": ("model_b", "modelb", "system_b", "other_condition"),
    "answer": ("winner", "label", "choice", "preference", "vote", "value", "rating", "score", "judgement"),
    "ranking": ("order", "ranks"),
    "category": ("prompt_category",),
    "stratum": ("group",),
    "time": ("timestamp", "tstamp", "submitted_at", "created_at", "submittime", "received_at"),
    "response_ms": ("rt_ms", "duration_ms"),
    "response_s": ("lead_time", "rt", "seconds", "worktimeinseconds", "duration"),
    "simulated": (),
    "successes": ("success", "fooled", "correct", "wins", "k"),
    "trials": ("n", "total", "votes", "count"),
}  # fmt: skip
"""Roles, and the names of columns that are taken for them where nothing is said."""

NEEDED: dict[str, tuple[str, ...]] = {
    "rate": ("rater", "condition", "answer"),
    "scale": ("rater", "condition", "answer"),
    "preference": ("rater", "condition", "other", "answer"),
    "ranking": ("rater", "ranking"),
}
AGGREGATES = ("rater", "condition", "successes", "trials")
ANALYSED = ("two_afc", "real_or_fake", "likert", "pairwise", "ranking")
"""Protocols whose votes can come from elsewhere: those that rest on nothing but votes."""


@dataclass(frozen=True)
class Columns:
    """Column by role, and by question where several are asked in one row."""

    roles: Mapping[str, str]
    questions: Mapping[str, str] = field(default_factory=dict)

    def used(self) -> set[str]:
        """Return the columns that are read."""
        return {*self.roles.values(), *self.questions.values()}


def parse_pairs(text: str, option: str) -> dict[str, str]:
    """Return ``a=b,c=d`` as a dict. Raises :class:`ForeignRefused` for anything else."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = part.partition("=")
        if not (sign and name.strip() and value.strip()):
            raise ForeignRefused(f"{option} takes pairs such as rater=worker_id; “{part}” is none.")
        found[name.strip()] = value.strip()
    return found


def map_columns(
    names: Sequence[str], said: Mapping[str, str], *, protocol: str, aggregates: bool, anonymous: bool
) -> Columns:
    """Return which of a file's columns is what: as was said, else as it is called.

    Raises :class:`ForeignRefused` for what does not exist, and for what is lacking.
    """
    _check_said(said, names)
    questions = {role.removeprefix(QUESTION): column for role, column in said.items() if QUESTION in role}
    roles = {role: column for role, column in said.items() if QUESTION not in role}
    taken = {*roles.values(), *questions.values()}
    for role, aliases in ROLES.items():
        if role not in roles and (column := _called(role, aliases, [n for n in names if n not in taken])):
            roles[role] = column
            taken.add(column)
    _check_needed(roles, questions, names, _needed(protocol, questions, aggregates, anonymous))
    return Columns(roles, questions)


def _needed(protocol: str, questions: Mapping[str, str], aggregates: bool, anonymous: bool) -> Iterable[str]:
    needed = AGGREGATES if aggregates else NEEDED[registry.get(protocol).analysis]
    without = {"answer"} if questions else set()
    return [role for role in needed if role not in without | ({"rater"} if anonymous else set())]


def _check_said(said: Mapping[str, str], names: Sequence[str]) -> None:
    for role, column in said.items():
        if role not in ROLES and not role.startswith(QUESTION):
            hint = did_you_mean(role, ROLES) or f" There are {listed(ROLES, 99)} and “question.KEY”."
            raise ForeignRefused(f"“{role}” is nothing that a vote has.{hint}")
        if column not in names:
            hint = did_you_mean(column, names)
            raise ForeignRefused(f"There is no column “{column}”; the file has {listed(names)}.{hint}")


def _called(role: str, aliases: Sequence[str], free: Sequence[str]) -> str:
    """Return the column that is called as a role is, with or without MTurk's prefixes; empty for none."""
    plain = {name.lower().removeprefix("input.").removeprefix("answer."): name for name in reversed(free)}
    return next((plain[alias] for alias in (role, *aliases) if alias in plain), "")


def _check_needed(
    roles: Mapping[str, str], questions: Mapping[str, str], names: Sequence[str], needed: Iterable[str]
) -> None:
    lacking = [role for role in needed if role not in roles]
    if not lacking:
        return
    example = ",".join(f"{role}=COLUMN" for role in lacking)
    unused = [name for name in names if name not in {*roles.values(), *questions.values()}]
    hint = (
        " Or --anonymous, if each row is a new person's: where people voted often, intervals are then too "
        "narrow."
        if "rater" in lacking
        else ""
    )
    raise ForeignRefused(
        f"Which column is the {listed(lacking)}? Say --columns {example}. Columns with no meaning yet: "
        f"{listed(unused)}.{hint}"
    )
