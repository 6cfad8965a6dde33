"""
Payload encryption: what the engine keeps of our payloads, it cannot read.

    value ── converter ──▶ payload ── codec ──▶ encrypted ── claim check ──▶ engine
                                                    └────── if large ──▶ our folder

The codec comes before the claim check, so a blob on disk is encrypted too. A payload that is
not encrypted is taken as it is: it was written before encryption was on, or by hand.
"""

import asyncio
from collections.abc import Callable, Sequence

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    FailureConverter,
    PayloadCodec,
)

from starter.keyring import Keyring, Undecryptable

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
LARGE_BYTES = 512 * 1024


class EncryptionCodec(PayloadCodec):
    """Encrypts with the current key of a keyring, if it has one; decrypts with any of them."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each of *payloads* as one that says nothing; they themselves if there is no key."""
        if self._keyring.current is None:
            return list(payloads)
        return [await unhurried(self._encrypted, one) for one in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """
        What each of *payloads* was before it was encrypted; one that was not stays as it is.

        Raises:
            Undecryptable: If we have not its key, or it is damaged.
        """
        return [
            await unhurried(self._decrypted, one) if encrypted(one) else one for one in payloads
        ]

    def _encrypted(self, payload: Payload) -> Payload:
        name, sealed = self._keyring.encrypt(payload.SerializeToString(), ENCODING)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: name.encode()}, data=sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        name = payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
        try:
            return Payload.FromString(self._keyring.decrypt(name, payload.data, ENCODING))
        except Undecryptable as error:
            raise Undecryptable(f"a payload is {error}") from None
        except DecodeError:
            raise Undecryptable("a payload holds something that is none") from None


def encrypted(payload: Payload) -> bool:
    """Whether *payload* says of itself that it is encrypted."""
    return payload.metadata.get("encoding") == ENCODING


async def unhurried(do: Callable[[Payload], Payload], payload: Payload) -> Payload:
    """Do it to *payload*; in a thread if that would hold up everybody else."""
    if len(payload.data) < LARGE_BYTES:
        return do(payload)
    return await asyncio.to_thread(do, payload)


def failure_converter(keyring: Keyring) -> type[FailureConverter]:
    """What turns errors into failures: message and stack trace are encrypted if anything is."""
    if keyring.current is None:
        return DefaultFailureConverter
    return DefaultFailureConverterWithEncodedAttributes
