"""A GitHub App with a key of its own, made known to the sandbox."""

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pretend import Sandbox

from activities.clients.github_session import Credentials

APP = 4711
INSTALLATIONS = {"31": "octo", "32": "acme"}


def new_key() -> rsa.RSAPrivateKey:
    """A key as GitHub makes them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def as_pem(key: rsa.RSAPrivateKey) -> str:
    """What GitHub gives an App to keep."""
    pem = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    """What GitHub keeps."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def installed(sandbox: Sandbox, key: rsa.RSAPrivateKey, **more: Any) -> None:
    """The App is installed with two owners, or where *more* says."""
    said = {"id": APP, "public_key": public_pem(key), "installations": INSTALLATIONS, **more}
    sandbox.arrange("/_github/apps", said)


def credentials_of(key: rsa.RSAPrivateKey) -> Credentials:
    """Who we are as that App."""
    return Credentials(app_id=APP, app_private_key=as_pem(key))
