"""What is encrypted says nothing, comes back whole, and is refused in clear words if it cannot."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keys import SPRING, SUMMER, ring
from temporalio.api.common.v1 import Payload

from starter.codec import ENCODING, KEY_ID, LARGE_BYTES, EncryptionCodec
from starter.keyring import Keyring, Undecryptable
from starter.settings import SettingsError, load

PLAIN = Payload(metadata={"encoding": b"json/plain", "more": b"said"}, data=b'"a secret"')


def codec(*entries: str) -> EncryptionCodec:
    return EncryptionCodec(ring(*entries))


async def one_encrypted(*entries: str) -> Payload:
    (found,) = await codec(*entries).encode([PLAIN])
    return found


async def refusal(payload: Payload, *entries: str) -> str:
    with pytest.raises(Undecryptable) as refused:
        await codec(*entries).decode([payload])
    return str(refused.value)


async def test_what_is_encrypted_names_its_key_and_nothing_else() -> None:
    found = await one_encrypted(SPRING)

    assert dict(found.metadata) == {"encoding": b"binary/encrypted", KEY_ID: b"spring"}
    assert b"secret" not in found.SerializeToString()


async def test_what_was_encrypted_comes_back_whole() -> None:
    assert await codec(SPRING).decode([await one_encrypted(SPRING)]) == [PLAIN]


async def test_the_same_payload_never_looks_the_same() -> None:
    assert await one_encrypted(SPRING) != await one_encrypted(SPRING)


async def test_a_large_payload_comes_back_whole() -> None:
    large = Payload(metadata={"encoding": b"json/plain"}, data=b"x" * (LARGE_BYTES + 1))

    encrypted = await codec(SPRING).encode([PLAIN, large])

    assert await codec(SPRING).decode(encrypted) == [PLAIN, large]


async def test_the_first_key_encrypts_and_every_one_decrypts() -> None:
    old = await one_encrypted(SPRING)
    new = await one_encrypted(SUMMER, SPRING)

    assert new.metadata[KEY_ID] == b"summer"
    assert await codec(SUMMER, SPRING).decode([old, new, PLAIN]) == [PLAIN] * 3


async def test_without_keys_everything_stays_as_it_is() -> None:
    assert await codec().encode([PLAIN]) == [PLAIN]
    assert await codec().decode([PLAIN]) == [PLAIN]


async def test_with_none_in_front_nothing_is_encrypted_and_all_is_readable() -> None:
    asleep = codec("none", SPRING)

    assert await asleep.encode([PLAIN]) == [PLAIN]
    assert await asleep.decode([await one_encrypted(SPRING)]) == [PLAIN]


@pytest.mark.parametrize("entries", [(), (SUMMER,)])
async def test_a_key_that_is_not_there_is_named_with_what_to_do(entries: tuple[str, ...]) -> None:
    said = await refusal(await one_encrypted(SPRING), *entries)

    assert "'spring'" in said
    assert "add that key to PAYLOAD_KEYS" in said


async def test_another_key_of_the_same_name_is_not_taken_for_it() -> None:
    said = await refusal(await one_encrypted(SPRING), "spring:" + SUMMER.partition(":")[2])

    assert "another key of the name 'spring'" in said


async def test_a_payload_cannot_be_passed_off_as_encrypted_with_another_key() -> None:
    found = await one_encrypted(SPRING)
    found.metadata[KEY_ID] = b"summer"

    same = "summer:" + SPRING.partition(":")[2]
    assert "damaged" in await refusal(found, SPRING, same)


@given(st.data())
async def test_every_flipped_bit_is_damage_and_shows_nothing(data: st.DataObject) -> None:
    found = await one_encrypted(SPRING)
    at = data.draw(st.integers(0, len(found.data) * 8 - 1))
    changed = bytearray(found.data)
    changed[at // 8] ^= 1 << at % 8

    said = await refusal(Payload(metadata=found.metadata, data=bytes(changed)), SPRING)

    assert "damaged" in said
    assert "secret" not in said
    assert SPRING.partition(":")[2] not in said


@given(st.binary(max_size=60), st.binary(max_size=200))
async def test_whatever_claims_to_be_encrypted_is_refused_in_printable_words(
    name: bytes, data: bytes
) -> None:
    odd = Payload(metadata={"encoding": ENCODING, KEY_ID: name}, data=data)

    said = await refusal(odd, SPRING)

    assert said.isprintable()
    assert len(said) < 400


async def test_a_keyring_shows_no_key() -> None:
    assert SPRING.partition(":")[2] not in repr(ring(SPRING, SUMMER))
    assert repr(Keyring()) == "Keyring(current=None)"


SHORT = base64.b64encode(b"s" * 16).decode()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("spring", "entry 1 has no name"),
        (f"{SPRING},{SHORT}", "entry 2 has no name"),
        (f"none,none:{SHORT}", "entry 2 has no name"),
        (f"a b:{SHORT}", "entry 1 has no name"),
        (f"spring:{SHORT}", "the key spring has 16 bytes"),
        (f"spring:{SHORT}!", "the key spring is no base64"),
        ("spring:", "the key spring has 0 bytes"),
        (f"{SPRING},{SPRING}", "two keys have the name spring"),
        (f"{SPRING},none", "entry 2 has no name"),
    ],
)
def test_keys_that_are_none_are_refused_without_being_shown(
    written: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTEN_ENV_FILE", "/nowhere")
    monkeypatch.setenv("PAYLOAD_KEYS", written)

    with pytest.raises(SettingsError) as refused:
        load()

    assert str(refused.value).startswith("PAYLOAD_KEYS: ")
    assert why in str(refused.value)
    assert SHORT not in str(refused.value)
    assert SPRING.partition(":")[2] not in str(refused.value)


def test_keys_of_the_settings_are_those_payloads_are_encrypted_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONTEXTEN_ENV_FILE", "/nowhere")
    monkeypatch.setenv("PAYLOAD_KEYS", f" {SUMMER} , {SPRING} ")

    found = load().keyring

    assert found.current == "summer"
    assert set(found.keys) == {"spring", "summer"}
