"""Block Kit as far as the sandbox knows it: sections and buttons, as strict as Slack is."""

import json
from typing import Any

from sandbox.slack_refused import RefusedError

MOST_BLOCKS, MOST_BUTTONS = 50, 25
LONGEST = {"section": 3_000, "text": 75, "value": 2_000, "action_id": 255}


def blocks_in(given: Any) -> list[dict[str, Any]] | None:
    """
    The blocks of a message, a list or one as JSON; None if there are none.

    Raises:
        RefusedError: ``invalid_blocks`` or ``invalid_blocks_format``.
    """
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise RefusedError("invalid_blocks_format") from None
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > MOST_BLOCKS:
        raise RefusedError("invalid_blocks_format")
    for at, block in enumerate(given):
        refuse_unfit(block, f"/blocks/{at}")
    return given


def refuse_unfit(block: Any, at: str) -> None:
    """
    Raises:
        RefusedError: ``invalid_blocks`` if *block* is none that can be shown.
    """
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "section":
        refuse_text(block.get("text"), ("mrkdwn", "plain_text"), LONGEST["section"], at)
    elif kind == "actions":
        elements = block.get("elements")
        if not isinstance(elements, list) or not 1 <= len(elements) <= MOST_BUTTONS:
            raise unfit(f"{at}/elements")
        if len({json.dumps(one.get("action_id")) for one in elements}) < len(elements):
            raise unfit(f"{at}/elements: `action_id` is not unique")
        for one in elements:
            refuse_button(one, at)
    else:
        raise unfit(at)


def refuse_button(button: Any, at: str) -> None:
    """
    Raises:
        RefusedError: ``invalid_blocks`` if *button* is none.
    """
    if button.get("type") != "button":
        raise unfit(f"{at}/elements: the sandbox knows buttons alone")
    refuse_text(button.get("text"), ("plain_text",), LONGEST["text"], at)
    for name in ("action_id", "value"):
        said = button.get(name)
        if not isinstance(said, str) or not 1 <= len(said) <= LONGEST[name]:
            raise unfit(f"{at}/elements: {name}")


def refuse_text(text: Any, kinds: tuple[str, ...], longest: int, at: str) -> None:
    """
    Raises:
        RefusedError: ``invalid_blocks`` if *text* is none of those *kinds*, empty or too long.
    """
    said = text.get("text") if isinstance(text, dict) and text.get("type") in kinds else None
    if not isinstance(said, str) or not 1 <= len(said) <= longest:
        raise unfit(f"{at}/text")


def unfit(at: str) -> RefusedError:
    """What Slack says to a block that it cannot show."""
    return RefusedError("invalid_blocks", f"[ERROR] invalid block [json-pointer:{at}]")
