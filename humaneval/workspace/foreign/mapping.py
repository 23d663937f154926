"""Which column is what: roles that a vote has, the names by which they are known, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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
    "sequence": ("trial_index", "trial_number"),
    "response_ms": ("rt_ms", "duration_ms"),
    "response_s": ("lead_time", "rt", "seconds", "worktimeinseconds", "duration"),
    "simulated": (),
    "successes": ("success", "k"),
    "share": ("proportion", "fraction"),
    "trials": ("n", "total", "votes", "count"),
}  # fmt: skip
"""Roles, and the names of columns that are taken for them where nothing is said."""
ALSO_CALLED: dict[tuple[str, str], tuple[str, ...]] = {
    ("two_afc", "answer"): ("fooled", "correct"),
    ("two_afc", "successes"): ("fooled",),
    ("real_or_fake", "successes"): ("judged_real", "said_real"),
}
"""Names that mean a role under one protocol only, where they say how an answer came out."""

_AROUND = ("rater", "session", "item", "category", "stratum", "simulated")
_WHEN = ("time", "sequence", "response_ms", "response_s")
_OF_PROTOCOL: dict[str, tuple[str, ...]] = {
    "two_afc": ("condition", "other", "answer"),
    "real_or_fake": ("condition", "answer"),
    "likert": ("condition", "answer"),
    "pairwise": ("condition", "other", "answer"),
    "ranking": ("ranking",),
}
_COUNTS = ("successes", "share", "trials")
_OPTIONAL_OTHER = "two_afc"
ANALYSED = tuple(_OF_PROTOCOL)
"""Protocols whose votes can come from elsewhere: those that rest on nothing but votes."""


def roles_of(protocol: str, *, aggregates: bool) -> tuple[str, ...]:
    """Return the roles that columns can have under a protocol: others would be read for nothing."""
    own = _OF_PROTOCOL[protocol]
    if aggregates:
        return (*_AROUND, *(role for role in own if role != "answer"), *_COUNTS)
    return (*_AROUND, *_WHEN, *own)


def _needed(protocol: str, questions: Mapping[str, str], aggregates: bool, anonymous: bool) -> list[str]:
    without = {"rater"} if anonymous else set[str]()
    without |= {"answer"} if questions or aggregates else set()
    without |= {"other"} if protocol == _OPTIONAL_OTHER else set()
    needed = ["rater", *_OF_PROTOCOL[protocol], *(("successes", "trials") if aggregates else ())]
    return [role for role in needed if role not in without]


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
            example = "left=a" if option == "--values" else "rater=worker_id"
            raise ForeignRefused(f"{option} takes pairs such as {example}; “{part}” is none.")
        found[name.strip()] = value.strip()
    return found


def map_columns(
    names: Sequence[str], said: Mapping[str, str], *, protocol: str, aggregates: bool, anonymous: bool
) -> Columns:
    """Return which of a file's columns is what: as was said, else as it is called.

    Raises :class:`ForeignRefused` for what does not exist, and for what is lacking.
    """
    known = roles_of(protocol, aggregates=aggregates)
    _check_said(said, names, known, protocol)
    questions = {role.removeprefix(QUESTION): column for role, column in said.items() if _is_question(role)}
    roles = {role: column for role, column in said.items() if not _is_question(role)}
    taken = {*roles.values(), *questions.values()}
    for role in (one for one in ROLES if one in known and one not in roles):
        if role == "answer" and questions:
            continue
        aliases = (*ROLES[role], *ALSO_CALLED.get((protocol, role), ()))
        if column := _called(role, aliases, [name for name in names if name not in taken]):
            roles[role] = column
            taken.add(column)
    needed = _needed(protocol, questions, aggregates, anonymous)
    _check_needed(
        roles, questions, names, [one for one in needed if one != "successes" or "share" not in roles]
    )
    return Columns(roles, questions)


def _is_question(role: str) -> bool:
    return role.startswith(QUESTION)


def _check_said(said: Mapping[str, str], names: Sequence[str], known: Sequence[str], protocol: str) -> None:
    can_ask = "answer" in known
    if "answer" in said and any(map(_is_question, said)):
        raise ForeignRefused("Say either “answer” or “question.KEY” of each question, not both.")
    for role, column in said.items():
        if not _is_question(role) and role not in ROLES:
            hint = did_you_mean(role, known) or f" There are {listed([*known, 'question.KEY'], 99)}."
            raise ForeignRefused(f"“{role}” is nothing that a vote has.{hint}")
        if role not in known and not (_is_question(role) and can_ask):
            raise ForeignRefused(
                f"“{role}” means nothing in votes of {protocol}: what is read of them is {listed(known, 99)}."
            )
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
    rest = (
        f"Columns with no meaning yet: {listed(unused)}." if unused else "Every column has a meaning already."
    )
    hint = (
        " Or --anonymous, if each row is a new person's: where people voted often, intervals are then too "
        "narrow."
        if "rater" in lacking
        else ""
    )
    raise ForeignRefused(f"Which column is the {listed(lacking)}? Say --columns {example}. {rest}{hint}")
