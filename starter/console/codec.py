"""
The codec endpoint on loopback: whoever may run it has the keys, so it asks for no token.

Only the one page may read its answers, and only under the name of this machine: a page that
has its own name lead here is refused.
"""

import ipaddress

import uvicorn
from fastapi import FastAPI, Request

from starter.codec_routes import Endpoint, routes
from starter.console.complaint import Complaint
from starter.operators import No
from starter.server import listening
from starter.settings import Settings

LOOPBACK = "127.0.0.1"


def local(request: Request) -> str:
    """
    That it is somebody on this machine.

    Raises:
        No: If it was sent under another name.
    """
    host = request.url.hostname or ""
    try:
        ours = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        ours = False
    if not ours:
        raise No(403, "ask 127.0.0.1 or localhost")
    return LOOPBACK


def application(settings: Settings, origin: str) -> FastAPI:
    """The endpoint for the page *origin*."""
    app = FastAPI(title="Contexten codec", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(routes(Endpoint(settings.keyring, local, origin.rstrip("/"))))
    return app


def serve(settings: Settings, *, origin: str, port: int) -> None:
    """
    Answer until interrupted.

    Raises:
        Complaint: If there are no keys, or the port is taken.
    """
    if not settings.keyring.keys:
        raise Complaint("Nothing is encrypted: PAYLOAD_KEYS is not set.", 2)
    try:
        with listening(LOOPBACK, port) as sock:
            print(f"codec endpoint for {origin}: http://{LOOPBACK}:{sock.getsockname()[1]}/codec")
            config = uvicorn.Config(application(settings, origin), log_level="warning")
            uvicorn.Server(config).run(sockets=[sock])
    except OSError as error:
        raise Complaint(f"Port {port} cannot be had: {error.strerror}.", 1) from None
