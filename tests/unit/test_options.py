"""A call that may be parked has time for that beside its deadline; another has its deadline."""

from datetime import timedelta

from contexten.orders import LONGEST_SPAN
from contexten.retry import rule_for
from workflows.options import parkable, timing


def test_no_order_lasts_longer_than_a_call_may_be_parked() -> None:
    rule = rule_for("slack.post_message")

    allowed = parkable(rule)["schedule_to_close_timeout"]

    assert allowed - rule.deadline > LONGEST_SPAN


def test_a_deed_of_our_own_ends_with_its_deadline() -> None:
    rule = rule_for("control.read_level")

    assert timing(rule)["schedule_to_close_timeout"] == rule.deadline
    assert rule.deadline == timedelta(minutes=15)
