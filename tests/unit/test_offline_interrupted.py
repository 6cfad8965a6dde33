"""The offline model makes a command once more that was interrupted, and no other call."""

from contexten.offline import next_step
from contexten.transcript import ASSISTANT, Call, Message
from contexten.turns import Role

TOOLS = ("list_directory", "run_bash_command", "edit_file", "commit", "create_pr", "finish")
ASKED = [Message(Role.SYSTEM, "rules"), Message(Role.USER, "Mend it.")]
PASSED = "3 passed\n\n--- offline end"


def told(*answers: tuple[bool, str]) -> list[Message]:
    """The transcript of a first step whose calls were answered so."""
    step = next_step(ASKED, TOOLS)
    calls = tuple(Call(f"call_1_{n}", name, "{}") for n, (name, _) in enumerate(step.calls))
    said = [
        Message(Role.TOOL, text, call_id=call.id, ok=ok)
        for call, (ok, text) in zip(calls, answers, strict=True)
    ]
    return [*ASKED, Message(ASSISTANT, step.text, calls), *said]


def test_a_command_that_was_interrupted_is_made_once_more() -> None:
    first = next_step(ASKED, TOOLS)

    again = next_step(
        told((True, "greeting.py"), (False, "the command was interrupted, and nobody knows")), TOOLS
    )

    assert again.calls == first.calls[1:]


def test_a_command_that_came_to_its_end_is_not() -> None:
    step = next_step(told((True, "greeting.py"), (True, PASSED)), TOOLS)

    assert [name for name, _ in step.calls] == ["finish"]
    assert "All tests pass" in step.calls[0][1]["summary"]
