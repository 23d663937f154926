"""What raters are refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from humaneval.rating.panels import Completion


class Refusal(Exception):
    """A request that the state of things does not allow.

    ``code`` is for programs and stays the same; the message is a sentence for people. Where the rater's
    panel has a way back for somebody who is turned away, ``completion`` is that.
    """

    def __init__(self, code: str, message: str, completion: Completion | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.completion = completion
