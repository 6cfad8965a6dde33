"""
What is done on the platforms, by the names their activities have.

Rules are kept for these, so a rule for a call that does not exist can be refused. A platform
here is whatever we call through a gate: those that send deliveries, of which
``contexten.delivery.Platform`` has the names, and the model, which sends none.
"""

from contexten.queues import Queue

PLATFORMS: tuple[str, ...] = (Queue.GITHUB, Queue.LINEAR, Queue.SLACK, Queue.MODEL)

PROBED_WHEN_QUIET: tuple[str, ...] = tuple(one for one in PLATFORMS if one != Queue.MODEL)
"""Those that are asked something if no call has gone there of late; a model's answer costs."""

OPERATIONS: frozenset[str] = frozenset(
    {
        "github.add_labels",
        "github.add_reaction",
        "github.create_check_run",
        "github.create_issue",
        "github.create_pull_request",
        "github.create_review",
        "github.list_checks",
        "github.list_comments",
        "github.list_failed_deliveries",
        "github.post_comment",
        "github.post_review_comment",
        "github.probe_group",
        "github.read_comment",
        "github.read_diff",
        "github.read_file",
        "github.read_issue",
        "github.read_permission",
        "github.read_pull_request",
        "github.redeliver",
        "github.remove_labels",
        "github.search_issues",
        "github.update_pull_request",
        "linear.create_agent_activity",
        "linear.create_issue",
        "linear.list_teams",
        "linear.list_workflow_states",
        "linear.post_comment",
        "linear.probe_group",
        "linear.read_agent_activity",
        "linear.read_comment",
        "linear.read_comments",
        "linear.read_issue",
        "linear.read_user",
        "linear.register_webhook",
        "linear.search_issues",
        "linear.update_issue",
        "model.next_turn",
        "model.probe_group",
        "slack.add_reaction",
        "slack.post_message",
        "slack.post_reply",
        "slack.probe_group",
        "slack.read_replies",
        "slack.read_user",
        "slack.remove_reaction",
        "slack.update_message",
    }
)
