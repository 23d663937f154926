"""What raters are refused, and why."""

from __future__ import annotations


class Refusal(Exception):
    """A request that the state of things does not allow.

    ``code`` is for programs and stays the same; the message is a sentence for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
