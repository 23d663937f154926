"""Who a rater is, without keeping who they are: keyed hashes in, and a session's secret token out.

Both are HMAC-SHA256 (RFC 2104) under ``RATER_KEY``. The database alone therefore tells neither the
panel's id of a person nor a token that opens a session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from django.conf import settings

from humaneval.rating.models import Rater
from humaneval.studies.models import Study


def _keyed(*parts: str) -> bytes:
    """Return the 32-byte HMAC of parts, none of which can run into the next."""
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.new(settings.RATER_KEY.encode(), message, hashlib.sha256).digest()


def rater_key_hash(panel: str, person: str) -> str:
    """Return the 64 hexadecimal digits under which a panel's person is looked up."""
    return _keyed("rater", panel, person).hex()


def session_token(study: Study, rater: Rater, number: int = 0, sitting: int = 0) -> str:
    """Return the 43-character token of a rater's session in a study: always the same one for its numbers.

    Deriving it, instead of drawing and storing one, lets a rater who lost it come back to the same session.
    The number grows by one whenever a token has expired; ``sitting`` is the session's own.
    """
    later = (str(sitting),) if sitting else ()
    digest = _keyed("session", str(study.pk), rater.panel, rater.key_hash, str(number), *later)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def token_hash(token: str) -> str:
    """Return the SHA-256, in hexadecimal, that is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
