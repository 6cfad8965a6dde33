"""The doctor, asked about platforms and an engine that are really there, or are not."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pretend import Sandbox, sandbox
from shell import Shell

__all__ = ["sandbox"]


def variables(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """An installation that lacks nothing."""
    environment: dict[str, str] = sandbox.arrange("/_environment", {}, method="GET")
    secrets = ("GITHUB_WEBHOOK_SECRET", "LINEAR_WEBHOOK_SECRET", "SLACK_SIGNING_SECRET")
    return environment | dict.fromkeys(secrets, "first,second") | more


def test_what_is_well_is_said_to_be(shell: Shell, sandbox: Sandbox, engine_address: str) -> None:
    said = shell.run("doctor", **variables(sandbox, TEMPORAL_ADDRESS=engine_address))

    assert said.status == 0, said.text
    assert said.text.count("2 secrets") == 3
    assert "calls left" in said.text
    assert f"good     engine: {engine_address}, namespace default" in said.text
    assert "wrong" not in said.text
    assert sandbox.effects() == []


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("GITHUB_TOKEN", "ghp_refused", "set GITHUB_TOKEN to a valid one"),
        ("LINEAR_ACCESS_TOKEN", "lin_api_refused", "set LINEAR_ACCESS_TOKEN to a valid one"),
        ("SLACK_BOT_TOKEN", "xoxb-refused", "set SLACK_BOT_TOKEN to the app's bot token"),
        ("LINEAR_TEAM_ID", "NONE", "set LINEAR_TEAM_ID to one of"),
        ("GITHUB_API_URL", "http://127.0.0.1:1", "see that the address is right"),
        ("SLACK_API_URL", "http://127.0.0.1:1/", "see that the address is right"),
        ("TEMPORAL_ADDRESS", "127.0.0.1:1", "see that it runs, and that TEMPORAL_ADDRESS"),
        ("REACTIONS", "no_such_module", "mend the module, or take it out of REACTIONS"),
    ],
)
def test_what_is_wrong_is_said_with_how_to_mend_it(
    shell: Shell, sandbox: Sandbox, engine_address: str, variable: str, value: str, expected: str
) -> None:
    given = variables(sandbox, TEMPORAL_ADDRESS=engine_address) | {variable: value}

    said = shell.run("doctor", **given)

    assert said.status == 1
    assert expected in said.text
    assert "Traceback" not in said.text
    assert "refused" not in said.text.replace("Connection refused", "").replace("refuses", "")


@pytest.mark.parametrize("key", ["good", "bad"])
def test_an_app_is_asked_for_by_its_key(shell: Shell, sandbox: Sandbox, key: str) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    sandbox.arrange("/_github/apps", {"id": 7, "public_key": public.decode(), "installations": {}})
    file = shell.folder / "app.pem"
    file.write_bytes(pem if key == "good" else b"no key")
    given = variables(sandbox, GITHUB_APP_ID="7", GITHUB_APP_PRIVATE_KEY=str(file))

    said = shell.run("doctor", **given)

    if key == "good":
        assert "knows us as the App contexten" in said.text
    else:
        assert "set GITHUB_APP_PRIVATE_KEY to the App's RSA key as PEM" in said.text


def test_a_platform_that_is_not_well_is_told_from_one_that_refuses_us(
    shell: Shell, sandbox: Sandbox, engine_address: str
) -> None:
    sandbox.breaks("github", "status", status=503)
    sandbox.breaks("slack", "html")

    said = shell.run("doctor", **variables(sandbox, TEMPORAL_ADDRESS=engine_address))

    assert said.status == 1
    assert "see whether the platform is well" in said.text
    assert "Wrong: github calls, slack calls." in said.text
