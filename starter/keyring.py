"""
The keys that keep what we store from being read: AES-256-GCM, several while they rotate.

    PAYLOAD_KEYS=2026-05:<base64>,2026-01:<base64>      the first encrypts, every one decrypts
    PAYLOAD_KEYS=none,2026-05:<base64>                  nothing is encrypted, all is readable

What is encrypted is bound to the name of its key and to what it is for, so that it can be
passed off neither as another key's nor as something else.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

KEY_BYTES = 32
NONCE_BYTES = 12
NOT_YET = "none"
SEALED = b"\0contexten sealed\0"
"""What a sealed blob begins with: a wire format."""
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
HOW = "write id:key, with a key of 32 bytes in base64, such as `openssl rand -base64 32` makes"


class Undecryptable(ValueError):  # noqa: N818 - it is what was stored that is named
    """What was stored cannot be read with the keys we have; the message says what to do."""


class KeyMissing(Undecryptable, LookupError):  # noqa: N818 - as the other
    """What was stored can be read once a key is there that we do not have."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """
    Attributes:
        keys: The ciphers, by the names of their keys.
        current: The name of the key that encrypts; None if nothing is to be encrypted.
    """

    keys: Mapping[str, AESGCM] = field(default_factory=dict, repr=False)
    current: str | None = None

    def encrypt(self, data: bytes, purpose: bytes) -> tuple[str, bytes]:
        """
        *data* under the current key and a nonce of its own, and the name of that key.

        Raises:
            ValueError: If there is no current key.
        """
        if self.current is None:
            raise ValueError("there is no key to encrypt with")
        nonce = os.urandom(NONCE_BYTES)
        sealed = self.keys[self.current].encrypt(nonce, data, bound(purpose, self.current))
        return self.current, nonce + sealed

    def decrypt(self, name: str, sealed: bytes, purpose: bytes) -> bytes:
        """
        What was encrypted for *purpose* with the key *name*.

        Raises:
            KeyMissing: If we have no such key.
            Undecryptable: If it is not what was encrypted.
        """
        cipher = self.keys.get(name)
        if cipher is None:
            raise KeyMissing(
                f"encrypted with the key {name[:64]!a}, which this process does not have: "
                "add that key to PAYLOAD_KEYS, behind the one that encrypts, and start it anew"
            )
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, rest, bound(purpose, name))
        except (InvalidTag, ValueError):  # the latter if it is too short for anything
            raise Undecryptable(
                f"damaged, or encrypted with another key of the name {name[:64]!a}: compare "
                "PAYLOAD_KEYS with the process that wrote it; what is damaged has to be sent again"
            ) from None


@dataclass(frozen=True, slots=True)
class BlobSeal:
    """
    Keeps blobs from being read, if *keyring* has a current key: a mark, the key's name, the rest.

    Attributes:
        keyring: What to encrypt and decrypt with.
    """

    keyring: Keyring

    def close(self, digest: str, data: bytes) -> bytes:
        """*data* encrypted, to be kept under *digest*; as it is if there is no current key."""
        if self.keyring.current is None:
            return data
        name, sealed = self.keyring.encrypt(data, blob_named(digest))
        return SEALED + name.encode() + b"\0" + sealed

    def open(self, digest: str, kept: bytes) -> bytes:
        """
        What was sealed to be kept under *digest*; *kept* itself if it is not sealed.

        Raises:
            KeyMissing: If we do not have its key.
            Undecryptable: If it is damaged.
        """
        if not kept.startswith(SEALED):
            return kept
        name, _, sealed = kept.removeprefix(SEALED).partition(b"\0")
        return self.keyring.decrypt(name.decode("ascii", "replace"), sealed, blob_named(digest))


def blob_named(digest: str) -> bytes:
    """What is authenticated with the blob *digest*: that it is this one and no other."""
    return b"contexten/blob/" + digest.encode()


def bound(purpose: bytes, name: str) -> bytes:
    """What is authenticated beside the data."""
    return purpose + b"\0" + name.encode()


def keyring_of(secrets: Iterable[SecretStr]) -> Keyring:
    """
    The keys that *secrets* are, each ``id:base64``; the first of them is the current one.

    Raises:
        ValueError: If one is no key, or two have one name; it never shows a key.
    """
    texts = [one.get_secret_value().strip() for one in secrets]
    asleep = texts[:1] == [NOT_YET]
    keys: dict[str, AESGCM] = {}
    for number, text in enumerate(texts[asleep:], 1 + asleep):
        name, key = key_in(text, number)
        if name in keys:
            raise ValueError(f"two keys have the name {name}")
        keys[name] = key
    return Keyring(keys, None if asleep else next(iter(keys), None))


def key_in(text: str, number: int) -> tuple[str, AESGCM]:
    """
    The name and the key in *text*, which is the entry *number*.

    Raises:
        ValueError: If there is none.
    """
    name, colon, encoded = text.partition(":")
    if not colon or not NAME.fullmatch(name) or name == NOT_YET:
        raise ValueError(f"entry {number} has no name before a colon; {HOW}")
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the key {name} is no base64; {HOW}") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key {name} has {len(key)} bytes; {HOW}")
    return name, AESGCM(key)
