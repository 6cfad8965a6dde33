"""What the error names of Slack's Web API mean in our terms. The one place that says so."""

from contexten.errors import (
    AuthenticationError,
    ClientError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)

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
        request_timeout service_unavailable team_added_to_org update_failed
    """,
    RateLimitedError: "message_limit_exceeded rate_limited ratelimited",
    ServerError: "fatal_error internal_error",
}
KINDS = {name: kind for kind, names in NAMES.items() for name in names.split()}
"""Which of our errors each error name is that Slack documents; any other is a ClientError."""

RENEWABLE = frozenset({"invalid_auth", "not_authed", "token_expired", "token_revoked"})
"""Those that say that the token itself is no good, so that another one may be."""
