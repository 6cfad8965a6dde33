"""What Slack's refusals, and its silence, mean in our terms. No message holds the token."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from activities.clients.pauses import UNSAID_PAUSE, bounded, seconds_until
from contexten.errors import (
    AuthenticationError,
    ClientError,
    FatalError,
    PlatformError,
    ServerError,
    TransientError,
)

PLATFORM = "slack"
NAME = re.compile(r"[a-z0-9_]{1,100}")
ELSEWHERE = "that is not where Slack's API is: check SLACK_API_URL"
LIMITED = ("rate_limited", "ratelimited")
GARBLED = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)

NAMES: dict[type[PlatformError], str] = {
    AuthenticationError: """
        access_denied account_inactive accesslimited app_not_installed ekm_access_denied
        enterprise_is_restricted invalid_auth missing_scope no_permission
        not_allowed_token_type not_authed not_in_channel org_login_required
        restricted_action restricted_action_non_threadable_channel
        restricted_action_read_only_channel restricted_action_thread_only_channel
        team_access_not_granted token_expired token_revoked two_factor_setup_required
        user_not_visible
    """,
    ClientError: """
        already_reacted as_user_not_supported attachment_payload_limit_exceeded
        bad_timestamp block_mismatch cannot_reply_to_message cant_update_message
        channel_not_found channel_type_not_supported deprecated_endpoint
        duplicate_channel_not_found duplicate_message_not_found edit_window_closed
        external_channel_migrating file_not_found invalid_arg_name invalid_arguments
        invalid_array_arg invalid_attachments invalid_blocks invalid_blocks_format
        invalid_charset invalid_cursor invalid_form_data invalid_json invalid_limit
        invalid_metadata_filter_keys invalid_metadata_format invalid_metadata_schema
        invalid_name invalid_post_type invalid_ts_latest invalid_ts_oldest is_archived
        is_inactive json_not_object markdown_text_conflict message_not_found
        messages_tab_disabled metadata_must_be_sent_from_app metadata_too_large
        method_deprecated method_not_supported_for_channel_type missing_post_type
        msg_blocks_too_long msg_too_long no_item_specified no_reaction no_text
        not_reactable restricted_action_thread_locked
        slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
        slack_connect_file_link_sharing_blocked team_not_found thread_locked
        thread_not_found too_many_attachments too_many_contact_cards too_many_emoji
        too_many_reactions unknown_method user_not_found
    """,
    TransientError: """
        message_limit_exceeded rate_limited ratelimited request_timeout
        service_unavailable team_added_to_org update_failed
    """,
    ServerError: "fatal_error internal_error",
}
KINDS = {name: kind for kind, names in NAMES.items() for name in names.split()}
"""Which of our errors each error name is that Slack documents; any other is a ClientError."""

Meaning = tuple[tuple[type[Exception], ...], type[PlatformError], str]

MEANINGS: tuple[Meaning, ...] = (
    (
        (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError),
        FatalError,
        "no request can be made: check SLACK_API_URL",
    ),
    ((TimeoutError,), TransientError, "Slack was silent for too long"),
    (
        (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError),
        TransientError,
        "Slack did not answer whole",
    ),
    ((aiohttp.ClientError, OSError), TransientError, "Slack cannot be reached"),
    (
        (*GARBLED, AssertionError, RuntimeError, SlackClientError),
        TransientError,
        "Slack's answer cannot be read",
    ),
)
"""What else slack-sdk and aiohttp raise, and what it means; the first that fits counts."""

RAISED = tuple(kind for kinds, _, _ in MEANINGS for kind in kinds)


def refused(status: int, headers: Mapping[str, str], data: Any, now: datetime) -> PlatformError:
    """
    The error that an answer amounts to which is no success.

    Args:
        status: Its HTTP status.
        headers: Its headers, names in lower case.
        data: Its body as parsed; anything may have come.
        now: The time, with its zone.
    """
    name = name_in(data)
    limited = status == HTTPStatus.TOO_MANY_REQUESTS or name in LIMITED
    seconds = seconds_until(headers.get("retry-after"), now)
    pause = bounded(seconds) if seconds is not None else None
    return kind_of(status, name)(
        said(status, name, data),
        platform=PLATFORM,
        status=status,
        retry_after=pause or (UNSAID_PAUSE if limited else None),
    )


def kind_of(status: int, name: str | None) -> type[PlatformError]:
    """Which of our errors a *status* is, or an error *name* that came with a 200."""
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT):
        return TransientError
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError
    if 300 <= status < 400 or status == HTTPStatus.NOT_FOUND:
        return FatalError
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AuthenticationError
    if status >= HTTPStatus.BAD_REQUEST:
        return ClientError
    return TransientError if name is None else KINDS.get(name, ClientError)


def name_in(data: Any) -> str | None:
    """The error name that Slack gave; None if it gave none."""
    name = data.get("error") if isinstance(data, dict) else None
    return name if isinstance(name, str) and NAME.fullmatch(name) else None


def said(status: int, name: str | None, data: Any) -> str:
    """What Slack said, in one line of at most 300 characters, with what it would have needed."""
    if kind_of(status, name) is FatalError:
        return f"Slack answered {status}: {ELSEWHERE}"
    if name is None:
        return f"Slack answered {status}, and not as it is documented"
    parts = [f"Slack answered {status}: {name}"]
    if isinstance(data.get("needed"), str):
        parts.append(f"the token needs {data['needed']}")
    metadata = data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    parts += [str(one) for one in messages] if isinstance(messages, list) else []
    return "; ".join(parts).replace("\n", " ")[:300]


def garbled(what: str) -> TransientError:
    """The error for an answer that cannot be read."""
    return TransientError(f"Slack's answer cannot be read: {what}", platform=PLATFORM)


@contextmanager
def told_in_our_terms(now: datetime) -> Iterator[None]:
    """
    Let what slack-sdk and aiohttp raise leave as one of our errors.

    The original is left behind: it shows the whole answer, or the address and its headers.
    """
    try:
        yield
    except SlackApiError as error:
        raise answered(error.response, now) from None
    except RAISED as error:
        raise meaning(error) from None


def answered(response: Any, now: datetime) -> PlatformError:
    """The error that *response* amounts to: slack-sdk's, or aiohttp's if it was no JSON."""
    if isinstance(response, aiohttp.ClientResponse):
        status, data = response.status, None
    else:
        status, data = response.status_code, response.data
    headers = {name.lower(): value for name, value in response.headers.items()}
    return refused(status, headers, data, now)


def meaning(error: Exception) -> PlatformError:
    """The one of our errors that *error* amounts to."""
    for kinds, ours, reason in MEANINGS:
        if isinstance(error, kinds):
            return ours(f"{reason} ({type(error).__name__})", platform=PLATFORM)
    return TransientError(f"Slack cannot be reached ({type(error).__name__})", platform=PLATFORM)
