"""Panel ids of people: a keyed hash to look them up by, ciphertext to pay them by, never as they are.

The hash is the one that rating keeps, HMAC-SHA256 under ``RATER_KEY``; the ciphertext is Fernet
(AES-128-CBC and HMAC-SHA256) under a key made from ``PANEL_ID_KEY``. The database alone gives neither back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from humaneval.rating.identity import rater_key_hash


class Unreadable(ValueError):
    """Raised for a ciphertext that ``PANEL_ID_KEY`` does not open, or that has been erased."""


def person_hash(panel: str, person: str) -> str:
    """Return the keyed hash under which rating knows a panel's person: 64 hexadecimal digits."""
    return rater_key_hash(panel, f"person:{person}")


def seal(text: str) -> str:
    """Return a text as ciphertext, another one each time."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the text that was sealed; raises :class:`Unreadable` if it was erased or the key is another."""
    if not sealed:
        raise Unreadable("The panel's id of this person has been erased.")
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable(
            "The panel's id of this person cannot be read: PANEL_ID_KEY is not the key it was sealed with."
        ) from None


def derived_token(*parts: str) -> str:
    """Return 22 characters that only who has ``RATER_KEY`` can make of these parts (128 bits)."""
    message = "\x1f".join(parts).encode()
    digest = hmac.new(settings.RATER_KEY.encode(), message, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _fernet() -> Fernet:
    key = hashlib.sha256(settings.PANEL_ID_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
