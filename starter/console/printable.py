"""Text of strangers, as it may be shown: nothing in it that a terminal would obey."""


def printable(text: str, kept: str = "") -> str:
    """*text* with everything escaped that is not to be seen, but for the characters *kept*."""
    return "".join(
        one if one.isprintable() or one in kept else one.encode("unicode_escape").decode()
        for one in text
    )
