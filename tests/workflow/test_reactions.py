"""Who asks for us has a run begun, on each platform, if they may; and everything else has not."""

import re
import uuid

import pytest
from pretend import sandbox
from scene import ADA, Scene, scene

from contexten.agent import Task, Terms
from contexten.buttons import buttons_for
from contexten.delivery import Platform
from contexten.place import Place
from contexten.subject import branch_for

__all__ = ["sandbox", "scene"]

SESSION = "1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b"
SHA = "c" * 40


async def test_a_label_begins_a_run_for_the_issue(scene: Scene) -> None:
    await scene.labelled()

    [ask] = await scene.runs.heard(scene.issue)
    assert (ask.words, ask.title, ask.by) == ("Mend it.", "It breaks", "ada")
    assert (ask.repository, ask.task, ask.pull) == (scene.repo, Task.WORK, None)
    assert ask.place == Place(Platform.GITHUB, scene.repo, "7")
    assert ask.event.payload is None
    assert scene.said() == []


async def test_a_follow_up_reaches_the_run_that_is_there(scene: Scene) -> None:
    await scene.labelled()
    await scene.comment("@contexten and write a test")
    await scene.comment("I talk to somebody else")

    heard = await scene.runs.heard(scene.issue)
    assert [ask.words for ask in heard] == ["Mend it.", "@contexten and write a test"]


@pytest.mark.parametrize("login", ["stranger", "missing-one", "robot[bot]"])
async def test_who_may_not_write_has_no_run_begun(scene: Scene, login: str) -> None:
    await scene.labelled(login)
    await scene.comment("@contexten mend it", login)

    assert scene.issue not in await scene.runs.there()
    assert all("approve" in one for one in scene.said())
    assert len(scene.said()) == (0 if "[bot]" in login else 2)


async def test_a_strangers_text_is_worked_on_once_a_maintainer_approves_it(scene: Scene) -> None:
    await scene.comment("@contexten mend it", "stranger")
    [digits] = re.findall(r"approve ([0-9a-f]{12})", scene.said()[-1])
    await scene.comment(f"@contexten approve {digits}", "stranger")
    assert scene.issue not in await scene.runs.there()

    await scene.comment(f"@contexten approve {digits}")

    [ask] = await scene.runs.heard(scene.issue)
    assert (ask.words, ask.by) == ("@contexten mend it", "stranger")


async def test_digits_of_another_text_begin_nothing(scene: Scene) -> None:
    await scene.comment("@contexten approve 0123456789ab")

    assert "changed since" in scene.said()[-1]
    assert scene.issue not in await scene.runs.there()


async def test_an_assignment_to_us_is_an_ask_and_to_others_is_none(scene: Scene) -> None:
    issue = {"number": 7, "title": "It breaks", "body": ""}
    for login in ("bob", "Contexten[bot]"):
        await scene.github("issues", "assigned", issue=issue, assignee={"login": login})

    assert [ask.words for ask in await scene.runs.heard(scene.issue)] == ["It breaks"]


async def test_the_review_label_asks_for_a_review(scene: Scene) -> None:
    pull = {"number": 7, "title": "Mend it", "body": "So.", "head": {"ref": "mend"}}
    await scene.github("pull_request", "labeled", pull_request=pull, label={"name": "review"})

    [ask] = await scene.runs.heard(scene.issue)
    assert (ask.task, ask.pull, ask.title) == (Task.REVIEW, 7, "Mend it")


async def test_orders_reach_the_run_and_only_from_who_may(scene: Scene) -> None:
    await scene.labelled()
    for order in ("pause", "resume", "reject"):
        await scene.comment(f"@contexten {order}")
    await scene.comment("@contexten cancel", "stranger")

    assert await scene.runs.orders(scene.issue) == ["pause", "resume", "reject"]
    assert "Only people who may write" in scene.said()[-1]


async def test_an_order_where_nothing_is_under_way_says_so(scene: Scene) -> None:
    await scene.comment("@contexten cancel")

    assert scene.said() == ["Nothing is under way here."]


async def test_a_repository_that_is_not_allowed_is_refused(scene: Scene) -> None:
    scene.runs.terms = Terms(repositories=("octo/hello",))

    await scene.labelled()

    assert scene.said() == [f"I may not work on {scene.repo}."]
    assert scene.issue not in await scene.runs.there()


async def test_a_ticket_has_a_run_in_the_repository_it_names(scene: Scene) -> None:
    scene.runs.terms = Terms(repository="octo/hello")
    data = {"id": str(uuid.uuid4()), "identifier": scene.ticket, "title": "It breaks"}
    more = {
        "description": "Mend it in repo:octo/other.",
        "labels": [{"id": "1", "name": "contexten"}],
    }
    await scene.linear("Issue", "create", data=data | more)

    [ask] = await scene.runs.heard(f"linear/{scene.ticket}")
    assert (ask.repository, ask.title) == ("octo/other", "It breaks")
    assert ask.place == Place(Platform.LINEAR, scene.ticket)
    [moved] = scene.sandbox.effects("issue_update")
    assert moved["details"]["identifier"] == scene.ticket


async def test_a_pull_request_of_a_ticket_reaches_its_run_and_moves_it(scene: Scene) -> None:
    context = f"linear/{scene.ticket}"
    head = {"ref": branch_for(context), "repo": {"id": 1}}
    pull = {"number": 7, "title": "Mend it", "body": "", "head": head}
    await scene.github("pull_request", "opened", "contexten[bot]", pull_request=pull)
    await scene.github("pull_request", "labeled", pull_request=pull, label={"name": "contexten"})

    [ask] = await scene.runs.heard(context)
    assert (ask.pull, ask.place) == (7, Place(Platform.GITHUB, scene.repo, "7"))
    assert scene.issue not in await scene.runs.there()
    assert len(scene.sandbox.effects("issue_update")) == 1


async def test_a_session_on_linear_is_heard_and_answered_in_it(scene: Scene) -> None:
    scene.runs.terms = Terms(repository="octo/hello")
    issue = {"identifier": scene.ticket, "title": "It breaks", "description": "Mend it."}
    session = {"id": SESSION, "creatorId": ADA, "issue": issue}
    await scene.linear("AgentSessionEvent", "created", agentSession=session, actor=None)
    activity = {"content": {"type": "prompt", "body": "And a test."}, "userId": ADA}
    await scene.linear(
        "AgentSessionEvent", "prompted", agentSession=session, agentActivity=activity, actor=None
    )

    heard = await scene.runs.heard(f"linear/{scene.ticket}")
    assert [ask.words for ask in heard] == ["Mend it.", "And a test."]
    assert {ask.place for ask in heard} == {Place(Platform.LINEAR, scene.ticket, SESSION)}
    kinds = [one["details"]["type"] for one in scene.sandbox.effects("agent_activity")]
    assert kinds == ["thought", "thought"]


async def test_a_thread_is_heard_without_a_mention_once_a_run_is_there(scene: Scene) -> None:
    await scene.slack("message", "before anybody asked")
    await scene.slack("app_mention", "<@U0CONTEXTEN> mend repo:octo/hello")
    await scene.slack("message", "and a test")
    await scene.slack("message", "<@U0CONTEXTEN> heard as a mention already")
    await scene.slack("message", "by a bot", bot_id="B1")
    await scene.slack("message", "edited", subtype="message_changed")

    heard = await scene.runs.heard(f"slack/C01/{scene.thread}")
    assert [ask.words for ask in heard] == ["mend repo:octo/hello", "and a test"]
    assert heard[0].repository == "octo/hello"


async def test_a_guest_on_slack_is_told_and_not_heard(scene: Scene) -> None:
    guest = {"id": "UGUEST", "is_restricted": True}
    scene.sandbox.arrange("/_slack/users", guest, method="PUT")

    await scene.slack("app_mention", "<@U0CONTEXTEN> mend it", user="UGUEST")

    assert "guest" in scene.said()[-1]
    assert f"slack/C01/{scene.thread}" not in await scene.runs.there()


async def press(scene: Scene, context: str, choice: str, user: str = "U07ADA") -> None:
    """*user* presses the button *choice* under a question of the run of *context*."""
    [button] = buttons_for(context, (choice,))
    payload = {
        "type": "block_actions",
        "user": {"id": user},
        "channel": {"id": "C01"},
        "message": {"ts": "1700000009.0001", "thread_ts": scene.thread},
        "actions": [{"action_id": button.action_id, "value": button.value}],
    }
    await scene.deliver(Platform.SLACK, None, payload)


async def test_a_button_answers_the_run_that_asked(scene: Scene) -> None:
    await scene.labelled()
    await press(scene, scene.issue, "Yes, do")
    guest = {"id": "UGUEST", "is_restricted": True}
    scene.sandbox.arrange("/_slack/users", guest, method="PUT")
    await press(scene, scene.issue, "No", user="UGUEST")

    heard = await scene.runs.heard(scene.issue)
    assert [ask.words for ask in heard] == ["Mend it.", "Yes, do"]
    assert heard[1].place == Place(Platform.SLACK, "C01", scene.thread)
    assert "guest" in scene.said()[-1]


async def test_a_button_of_a_run_that_has_ended_says_so(scene: Scene) -> None:
    await press(scene, scene.issue, "Yes")

    assert scene.said() == ["That question is not open any more."]
