"""
Is this delivery really theirs? Bytes in, verdict out, before any parser has seen the body.

    GitHub   sha256= + HMAC-SHA256 of the body, in hexadecimal
    Linear             HMAC-SHA256 of the body, in hexadecimal
    Slack    v0=     + HMAC-SHA256 of v0:{timestamp}:{body}, in hexadecimal

Total: whatever a stranger sends is answered with no, never with an exception. Every live
secret is tried, and compared in constant time, so that the time taken says nothing.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

SLACK_TOLERANCE = timedelta(minutes=5)
LINEAR_TOLERANCE = timedelta(seconds=60)

GITHUB_FORM = re.compile(rb"sha256=[0-9a-f]{64}")
SLACK_FORM = re.compile(rb"v0=[0-9a-f]{64}")
LINEAR_FORM = re.compile(rb"[0-9a-f]{64}")
SECONDS_FORM = re.compile(rb"[0-9]{1,12}")


def github_genuine(secrets: Sequence[bytes], signature: bytes | None, body: bytes) -> bool:
    """Whether *signature*, the value of ``X-Hub-Signature-256``, is that of *body*."""
    if signature is None or GITHUB_FORM.fullmatch(signature) is None:
        return False
    return signed_by_any(secrets, signature[7:], body)


def linear_genuine(secrets: Sequence[bytes], signature: bytes | None, body: bytes) -> bool:
    """Whether *signature*, the value of ``Linear-Signature``, is that of *body*."""
    if signature is None or LINEAR_FORM.fullmatch(signature) is None:
        return False
    return signed_by_any(secrets, signature, body)


def slack_genuine(
    secrets: Sequence[bytes],
    signature: bytes | None,
    timestamp: bytes | None,
    body: bytes,
    now: datetime,
) -> bool:
    """
    Whether *signature* is that of *body* sent at *timestamp*, and that is not long ago at *now*.

    Args:
        signature: The value of ``X-Slack-Signature``.
        timestamp: The value of ``X-Slack-Request-Timestamp``, seconds since the epoch.
    """
    if signature is None or SLACK_FORM.fullmatch(signature) is None:
        return False
    if timestamp is None or SECONDS_FORM.fullmatch(timestamp) is None:
        return False
    if abs(now.timestamp() - int(timestamp)) > SLACK_TOLERANCE.total_seconds():
        return False
    return signed_by_any(secrets, signature[3:], b"v0:%b:%b" % (timestamp, body))


def linear_fresh(sent_at_ms: int, now: datetime) -> bool:
    """Whether a Linear body whose ``webhookTimestamp`` is *sent_at_ms* was sent just now."""
    now_ms = round(now.timestamp() * 1000)
    return abs(now_ms - sent_at_ms) <= LINEAR_TOLERANCE // timedelta(milliseconds=1)


def signed_by_any(secrets: Sequence[bytes], digest: bytes, message: bytes) -> bool:
    """
    Whether *digest*, hexadecimal, is the HMAC-SHA256 of *message* under any of *secrets*.

    No secret, and an empty one, sign nothing.
    """
    genuine = False
    for secret in secrets:
        expected = hmac.digest(secret, message, "sha256").hex().encode()
        genuine |= hmac.compare_digest(expected, digest) and bool(secret)
    return genuine
