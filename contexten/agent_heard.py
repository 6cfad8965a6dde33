"""What somebody says to a run by a signal, whatever the signal holds."""

from collections.abc import Callable, Mapping
from typing import Any

from contexten.agent import LONGEST_WORDS, Ask
from contexten.agent_run import Message
from contexten.orders import LONGEST_NAME, clean

NAMES = ("text", "by")


Read = Callable[[dict[str, Any]], Ask]


def message_of(read: Read, *arguments: object) -> Message:
    """
    The message that *arguments* hold: an ask, a text, or an object of a text and who says it.

    Raises:
        ValueError: If they hold none; the message says what is wrong with them.
    """
    if len(arguments) == 1 and isinstance(arguments[0], Mapping):
        said = dict(arguments[0])
        if "key" in said:
            ask = ask_of(read, said)
            return Message(ask.words, ask.by, ask)
    elif 1 <= len(arguments) <= len(NAMES):
        said = dict(zip(NAMES, arguments, strict=False))
    else:
        raise ValueError("say what: a text, and by whom")
    text, by = said.get("text"), said.get("by")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("there is no text in it")
    if not isinstance(by, str | None) or set(said) - set(NAMES):
        raise ValueError('write {"text": "…", "by": "…"}')
    return Message(text[:LONGEST_WORDS], clean(by, LONGEST_NAME) if by else None)


def ask_of(read: Read, said: Mapping[str, Any]) -> Ask:
    """
    The ask that *said* is.

    Raises:
        ValueError: If it is none.
    """
    try:
        ask = read(dict(said))
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        raise ValueError("it is no ask") from None
    if not ask.key or not isinstance(ask.key, str) or not isinstance(ask.words, str):
        raise ValueError("it is no ask")
    return ask
