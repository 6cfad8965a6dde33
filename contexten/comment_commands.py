"""
Orders in a comment: ``@contexten cancel``, and what else one can tell a run.

A comment is an order if its first line is the mention and one of these words, and for
``approve`` of a text its digits. Anything else that mentions us is something said to the run.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from contexten.effects import keys_in

LONGEST_REASON = 200


class Order(StrEnum):
    """What one can order."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    APPROVE = "approve"
    REJECT = "reject"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Command:
    """
    An order in a comment.

    Attributes:
        order: What is ordered.
        digits: The hash of a text that is approved; None if none is named.
        because: What else stands there, cut to 200 characters.
    """

    order: Order
    digits: str | None = None
    because: str = ""


def command_in(words: str | None, mention: str) -> Command | None:
    """
    The order that *words* are; None if they are none, or are our own.

    >>> command_in("@contexten cancel, it is too late", "@contexten")
    Command(order=<Order.CANCEL: 'cancel'>, digits=None, because='it is too late')
    >>> command_in("@contexten cancel my subscription page needs a test", "@contexten") is None
    True
    >>> command_in("@contexten approve 0123456789ab", "@contexten").digits
    '0123456789ab'
    """
    if not words or keys_in(words):
        return None
    orders = "|".join(Order)
    pattern = rf"\s*{re.escape(mention)}[,:]?[ \t]+({orders})(?:[ \t]+([0-9a-f]{{12}}))?[ \t]*(.*)"
    found = re.match(pattern, words, re.IGNORECASE)
    if found is None:
        return None
    order, digits, rest = Order(found[1].lower()), found[2], found[3].strip()
    if rest and rest[0] not in ",:;.-!":
        return None
    if digits and order is not Order.APPROVE:
        return None
    because = rest.lstrip(",:;.-! ")[:LONGEST_REASON]
    return Command(order, digits.lower() if digits else None, because)
