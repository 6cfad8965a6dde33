"""The doctor says which model answers, what agents need on this machine, and no key of anybody."""

import pytest
from shell import Shell as Typed

from activities.clients.shell import Shell

KEY = "sk-that-nobody-must-see"
WALLS = Shell("bubblewrap").complaint()


def found(shell: Typed, **variables: str) -> str:
    """What the doctor finds, its lines about agents among others."""
    return shell.run("doctor", TEMPORAL_ADDRESS="127.0.0.1:1", **variables).text


def test_an_installation_as_it_is_shipped_has_the_offline_model(shell: Typed) -> None:
    said = found(shell)

    assert "missing  model: offline: no language model" in said
    assert "set AGENT_MODEL to `provider:name`" in said
    assert "good     LangSmith: off" in said
    assert "good     git: /" in said
    if WALLS is None:
        assert "good     commands of agents: bubblewrap shuts them in, as was just tried" in said
    else:
        assert WALLS[:40] in said


def test_a_provider_and_its_key_are_said_and_the_key_is_not(shell: Typed) -> None:
    models = {"AGENT_MODEL": "openai:gpt-5", "AGENT_FALLBACK_MODELS": "bedrock:some,offline"}

    said = found(shell, **models, OPENAI_API_KEY=KEY)

    assert "good     model: openai:gpt-5 answers; OPENAI_API_KEY is set" in said
    assert "good     fallback model: bedrock:some: which key it needs" in said
    assert "missing  fallback model: offline" in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AGENT_MODEL": "openai:gpt-5"}, "OPENAI_API_KEY is not set"),
        ({"AGENT_MODEL": "groq:some"}, "pip install langchain-groq"),
        ({"LANGSMITH_TRACING": "true"}, "LANGSMITH_API_KEY is not set"),
        ({"PATH": "/nonexistent"}, "install git"),
    ],
)
def test_what_agents_lack_is_wrong_and_said(
    shell: Typed, variables: dict[str, str], expected: str
) -> None:
    said = found(shell, **variables)

    assert expected in said
    assert "Traceback" not in said
    assert KEY not in said


def test_a_key_in_the_file_of_settings_will_do(shell: Typed) -> None:
    (shell.folder / ".env").write_text(
        f"AGENT_MODEL=openai:gpt-5\nOPENAI_API_KEY={KEY}\n"
        f"LANGSMITH_TRACING=true\nLANGSMITH_API_KEY={KEY}\n"
    )

    said = found(shell)

    assert "good     model: openai:gpt-5 answers; OPENAI_API_KEY is set" in said
    assert "good     LangSmith: on" in said
    assert KEY not in said


def test_tracing_that_is_on_says_so(shell: Typed) -> None:
    said = found(shell, LANGSMITH_TRACING="true", LANGSMITH_API_KEY=KEY)

    assert "good     LangSmith: on" in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("off", "good     commands of agents: AGENT_SHELL is off"),
        ("unsafe", "missing  commands of agents: not shut in"),
    ],
)
def test_how_commands_are_run_is_said(shell: Typed, how: str, expected: str) -> None:
    assert expected in found(shell, AGENT_SHELL=how)
