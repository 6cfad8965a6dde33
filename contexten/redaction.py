"""
No secret leaves: known ones and well-known shapes of them are cut out of every text.

What is known is found whole, line by line, and as others write it down: in base64 at any
offset, in hexadecimal, in a URL, in JSON. It takes time that grows with the text, no faster.
"""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"
SHORTEST = 8
"""Shorter ones are left alone: too much that is no secret would look like them."""

SHORTEST_LINE = 16

TOKENS = re.compile(
    r"gh[oprsu]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}"
    r"|xapp-[A-Za-z0-9-]{10,}"
    r"|lin_[a-z]{2,8}_[A-Za-z0-9]{16,}"
    r"|lsv2_[a-z]{2}_[A-Za-z0-9_]{16,}"
    r"|npm_[A-Za-z0-9]{30,}"
    r"|pypi-[A-Za-z0-9_-]{40,}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{20,}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|hf_[A-Za-z0-9]{30,}"
    r"|A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"
    r")"
)
IN_URL = re.compile(r"(?<=://)[^\s/@:?#\[]{0,128}:[^\s/@?#\[]{1,256}(?=@)")
KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")


class Redaction:
    """Cuts secrets out of texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """
        Args:
            secrets: Those that are known. What is shorter than ``SHORTEST`` is left alone.
        """
        found = {form for secret in secrets for form in forms(secret)}
        self._known = sorted(found, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """*text* with ``[redacted]`` in place of each secret."""
        for known in self._known:
            if known in text:
                text = text.replace(known, REDACTED)
        text = TOKENS.sub(REDACTED, without_keys(text))
        return IN_URL.sub(REDACTED, text)


def without_keys(text: str) -> str:
    """*text* without private keys; one that has no end is taken to go on to the last line."""
    kept, at = [], 0
    while begin := KEY_BEGINS.search(text, at):
        kept += [text[at : begin.start()], REDACTED]
        end = KEY_ENDS.search(text, begin.end())
        at = end.end() if end else len(text)
    return "".join([*kept, text[at:]])


def forms(secret: str) -> set[str]:
    """All that *secret* is known by: itself, its lines, and each as others write it down."""
    lines = [one.strip() for one in secret.splitlines()]
    pieces = {secret, secret.strip()}
    if len(lines) > 1:
        pieces |= {one for one in lines if len(one) >= SHORTEST_LINE and "-----" not in one}
    whole = {one for one in pieces if len(one) >= SHORTEST}
    return whole | {form for one in whole for form in written(one)}


def written(secret: str) -> set[str]:
    """*secret* as others write it down: in JSON, in a URL, in hexadecimal and in base64."""
    raw = secret.encode(errors="replace")
    digits = raw.hex()
    found = {json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret), quote_plus(secret)}
    found |= {digits, digits.upper()}
    for offset in range(3):
        found |= in_base64(raw, offset)
    return {one for one in found if len(one) >= SHORTEST}


def in_base64(raw: bytes, offset: int) -> set[str]:
    """*raw* in both kinds of base64, as far as it is the same whatever stands around it."""
    whole = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
    first = -(-offset * 8 // 6)
    last = (offset + len(raw)) * 8 // 6
    inner = whole[first:last]
    return {inner, inner.replace("+", "-").replace("/", "_")}
