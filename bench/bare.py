"""
What there is to beat at the door: a FastAPI route that verifies, parses and forgets.

Run on the door's own server under the door's own settings; nothing is kept.
"""

import asyncio
import hashlib
import hmac
import os

import orjson
from fastapi import FastAPI, Request, Response

from bench.payload import SECRET
from starter.server import listening, server

app = FastAPI()


@app.post("/github/events")
async def receive(request: Request) -> Response:
    """Answer 202 to a delivery that is signed and is JSON."""
    body = await request.body()
    if not signed(request.headers.get("x-hub-signature-256", ""), body):
        return Response(status_code=401)
    orjson.loads(body)
    return Response(b'{"accepted":true}', 202, media_type="application/json")


def signed(signature: str, body: bytes) -> bool:
    """Whether *signature* is that of *body*."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, f"sha256={digest}")


def main() -> None:
    """Serve on ``PORT`` until stopped."""
    served = server(app, slow_request_timeout_s=15, shutdown_timeout_s=1)
    with listening("127.0.0.1", int(os.environ["PORT"])) as sock:
        asyncio.run(served.serve(sockets=[sock]))


if __name__ == "__main__":
    main()
