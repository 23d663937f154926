"""How the Python client says no: its errors and warnings, and the platform's refusals in sentences.

Needs nothing of Django, as the client does.
"""

from __future__ import annotations

import json
from urllib.parse import unquote

UNMATCHED = "matches the given query."
"""How an answer ends that says that nothing was found."""


class ClientError(Exception):
    """The platform has said no, or could not be reached; the message says why."""


class NotYetError(ClientError):
    """What a worker does was not through in time: it goes on, and the same call made again waits for it."""


class NobodyWorksWarning(UserWarning):
    """What is waited for is done by a worker, and none is there; the message says what to do."""


def refusal(status: int, content: bytes, path: str = "") -> str:
    """Return what an answer that is no success says; ``path`` is where it came from."""
    try:
        found = json.loads(content)
    except ValueError:
        return _no_answer_of_a_platform(status)
    if isinstance(found, dict) and found.get("problems"):
        return "\n".join([str(found.get("detail", "")), *map(str, found["problems"])])
    if isinstance(found, dict) and isinstance(found.get("detail"), str):
        return _of_nothing(path) if found["detail"].endswith(UNMATCHED) else str(found["detail"])
    if isinstance(found, dict) and all(isinstance(texts, list) for texts in found.values()):
        return "\n".join(f"{name}: {' '.join(map(str, texts))}" for name, texts in found.items())
    return f"The platform answered {status}: {json.dumps(found, ensure_ascii=False)}"


def _no_answer_of_a_platform(status: int) -> str:
    if status >= 500:
        return f"The platform answered {status}: its log says why. Try again later."
    return (
        f"What is at this address answered {status} and is no platform: give the address of its front page, "
        "such as https://eval.example.org."
    )


def _of_nothing(path: str) -> str:
    """Return that a path names nothing, by the words of its first parts."""
    kind, _slash, rest = path.partition("/")
    word = {"studies": "study", "sample-sets": "sample set"}.get(kind, "such thing")
    return f"There is no {word} “{unquote(rest.partition('/')[0])}” on this platform that you may see."


def complaint(written: str) -> str:
    """Return what a command complains of, without its name and the summary of its options."""
    text = written.strip()
    if text.startswith("usage: "):
        text = text.rpartition("error: ")[2]
    return text.removeprefix("CommandError: ")
