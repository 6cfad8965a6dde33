"""Was that addressed to us? By label or by mention, on each platform."""

import re

from contexten.delivery import Event, Platform
from contexten.effects import keys_in
from contexten.payload import dig, objects, text


def mentions(words: str | None, mention: str) -> bool:
    """
    Whether *words* contain *mention* as a word of its own, in any case.

    Text of our own never does: what we post carries an effect key.

    >>> mentions("Could @contexten help?", "@contexten")
    True
    >>> mentions("mail me: joe@contexten.example", "@contexten")
    False
    """
    if not words or keys_in(words):
        return False
    pattern = rf"(?<![\w@.-]){re.escape(mention)}(?![\w-]|\.\w)"
    return re.search(pattern, words, re.IGNORECASE) is not None


def labelled(event: Event, label: str) -> bool:
    """Whether the GitHub *event* says that *label* was just put on."""
    name = text(event.payload, "label", "name")
    return name is not None and name.casefold() == label.casefold()


def ticket_labelled(event: Event, label: str) -> bool:
    """
    Whether the Linear *event* says that *label* is on the ticket now and was not before.

    A new ticket had no labels before. An update that does not name the labels it
    changed from has changed none.
    """
    ids = {
        one.get("id")
        for one in objects(event.payload, "data", "labels")
        if str(one.get("name")).casefold() == label.casefold()
    }
    if event.action == "create":
        return bool(ids)
    before = dig(event.payload, "updatedFrom", "labelIds")
    return isinstance(before, list) and any(one not in before for one in ids)


def asks_for_us(event: Event) -> bool:
    """Whether a person addressed us with *event*: by a label, or by a mention."""
    if event.sent_by_bot:
        return False
    triggers = event.triggers
    if event.platform is Platform.SLACK:
        return event.name == "app_mention"
    if event.platform is Platform.LINEAR:
        said = text(event.payload, "data", "body")
        asked = ticket_labelled(event, triggers.label) if event.name == "Issue" else False
        return asked or (event.name == "Comment" and mentions(said, triggers.mention))
    if event.action == "labeled":
        return labelled(event, triggers.label) or labelled(event, triggers.review_label)
    return mentions(text(event.payload, "comment", "body"), triggers.mention)
