"""What leads to nothing is counted where an operator looks."""

from pathlib import Path

from doors import Running, serving

from starter.aside import note_released, shelved
from starter.settings import MIB
from starter.spool import Spool

COUNTED = ("quarantined", "refused", "damaged")


def counts(door: Running) -> list[int]:
    """What is set aside, as ``/readyz`` says and ``/metrics`` too."""
    standing = door.get("/readyz").json()
    shown = door.get("/metrics").text
    for name in COUNTED:
        assert f"\ncontexten_door_{name} {standing[name]:.1f}\n" in shown
    return [standing[name] for name in COUNTED]


async def test_what_is_set_aside_is_counted_whoever_did_it(door: Running) -> None:
    var = door.folder / "var"
    none = counts(door)
    door.deliver(b"null")
    refused = Spool(var / "refused", segment_bytes=MIB, limit_bytes=MIB)
    for n in range(2):
        await refused.append(b"h", b"%d" % n)
    (var / "spool" / "damaged").mkdir()
    (var / "spool" / "damaged" / "0000000001-12").write_bytes(b"x")
    some = counts(door)
    await refused.close()

    assert none == [0, 0, 0]
    assert some == [1, 2, 1]


async def test_what_was_released_is_no_longer_counted_and_what_is_left_is_after_a_restart(
    tmp_path: Path,
) -> None:
    quarantine = tmp_path / "var" / "quarantine"
    async with serving(tmp_path) as door:
        for body in (b"null", b"[]"):
            door.deliver(body)
        note_released(quarantine, next(shelved(quarantine)).id)
        before = counts(door)
    async with serving(tmp_path) as door:
        after = counts(door)

    assert before == after == [1, 0, 0]
