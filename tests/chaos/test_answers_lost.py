"""The connection may die after the deed: what was done is found again, and not done twice."""

import random

import pytest
from fire import Fire
from history import check, told
from house import House
from traffic import Sender, comment, history, label, mention, settled, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(900)

PATIENT = (
    ("breaker.failure_threshold", "50"),
    ("breaker.failure_rate", "1"),
    ("breaker.recovery_timeout", "1s"),
    ("budget.broad_failure_ratio", "1"),
)
"""So that answers go on being lost: the breaker would spare the platform, and the budget too."""

CREATES = {"github": "POST /github/repos", "linear": "reate", "slack": "chat.postMessage"}


@pytest.mark.parametrize("kind", ["lost_answer", "truncated"])
async def test_a_lost_answer_leads_to_no_second_comment_or_message(
    house: House, sender: Sender, dice: random.Random, size: str, kind: str
) -> None:
    each = 50 if size == "S" else 500
    house.environment["HEALTH_INTERVAL_S"] = "3600"  # or three that fail mean maintenance
    await house.start("control", "deliveries", "github,linear,slack")
    await Fire(house).rules(
        **{f"{name}.{rule}": value for name in CREATES for rule, value in PATIENT}
    )
    for platform, match in CREATES.items():
        await house.fault(platform, kind, rate=0.7, count=each, match=match)
    asking = [comment(dice, n) for n in range(1, each // 2 + 1)]
    asking += [label(dice, n) for n in range(each // 2 + 1, each + 1)]
    asking += [make(dice, n) for make in (ticket_comment, mention) for n in range(each)]

    await sender.pace(asking, 50)
    await until(settled(house, sender), 120 if size == "S" else 600, 0.5)

    struck = {fault["platform"]: fault["struck"] for fault in await house.faults()}
    assert min(struck.values()) >= each // 2, struck
    found = check(await history(house, sender))
    assert not found, told(found)
