"""Keys that payloads are encrypted with, as a setting has them."""

import base64

from pydantic import SecretStr

from starter.keyring import Keyring, keyring_of

SPRING = "spring:" + base64.b64encode(b"s" * 32).decode()
SUMMER = "summer:" + base64.b64encode(b"u" * 32).decode()


def ring(*entries: str) -> Keyring:
    """The keyring that a setting of *entries* makes."""
    return keyring_of([SecretStr(one) for one in entries])
