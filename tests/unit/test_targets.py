"""What an order is for is read from its name, and who may give one from the settings."""

import pytest
from pydantic import SecretStr

from starter.operators import No, Operators
from starter.orders import TAKES, Kind, Target, Unfit, What, target_of
from starter.settings import SettingsError, load

TOKEN = "a-token-of-adas-own"


@pytest.mark.parametrize(
    ("text", "kind", "workflow_id"),
    [
        ("all", Kind.ALL, "degradation"),
        ("github", Kind.PLATFORM, "platform/github"),
        ("slack", Kind.PLATFORM, "platform/slack"),
        ("octo/hello", Kind.REPOSITORY, "degradation"),
        ("repository:github/docs", Kind.REPOSITORY, "degradation"),
        ("github/72d3162e", Kind.WORKFLOW, "github/72d3162e"),
        ("slack/Ev1/with/slashes", Kind.WORKFLOW, "slack/Ev1/with/slashes"),
    ],
)
def test_a_target_is_named_as_people_name_it(text: str, kind: Kind, workflow_id: str) -> None:
    found = target_of(text)

    assert (found.kind, found.workflow_id) == (kind, workflow_id)


@pytest.mark.parametrize("text", ["", "octo", "a/b/c", "github/", "/x", "repository:", "\x1b[2J"])
def test_what_names_nothing_is_refused_with_what_does(text: str) -> None:
    with pytest.raises(
        Unfit, match="write all, github, linear, slack, model, owner/name"
    ) as refused:
        target_of(text)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("what", What)
def test_a_target_takes_its_own_orders_and_no_others(kind: Kind, what: What) -> None:
    target = Target(kind, "octo/hello")
    if what in TAKES[kind]:
        signal = target.signal(what)
        assert signal.startswith(what.replace("-", "_"))
        assert signal.endswith("_repository") == (kind is Kind.REPOSITORY)
    else:
        with pytest.raises(Unfit, match=f"takes no {what}; it takes pause, resume"):
            target.signal(what)


@pytest.mark.parametrize("written", ["ada", "ada:short", f":{TOKEN}", "ada:" + " " * 20])
def test_a_token_without_a_name_or_easily_guessed_is_refused_unseen(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("OPERATOR_TOKENS", f"grace:{TOKEN},{written}")

    with pytest.raises(SettingsError, match=r"OPERATOR_TOKENS.*name:token") as refused:
        load()
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_a_token_is_that_of_its_operator(scheme: str) -> None:
    tokens = [SecretStr(f"grace:{TOKEN[::-1]}"), SecretStr(f"ada:{TOKEN}")]
    operators = Operators(tokens, None)  # type: ignore[arg-type]  # no engine is asked

    assert operators.who(scheme + TOKEN) == "ada"
    for wrong in (
        None,
        "",
        TOKEN,
        "Basic " + TOKEN,
        scheme,
        scheme + TOKEN + "x",
        scheme + "\ud800",
    ):
        with pytest.raises(No, match="your token"):
            operators.who(wrong)
