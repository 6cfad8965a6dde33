"""``python -m sandbox --port 8790``: the platforms on one port of this machine."""

import argparse
import socket
from pathlib import Path

import uvicorn

from sandbox.app import create
from sandbox.ledger import Ledger


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8790, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--ledger", type=Path, help="file to which each effect is appended as JSON")
    parser.add_argument("--seed", type=int, default=0, help="what the faults' dice start from")
    parser.add_argument("--repositories", type=Path, help="where real git repositories are kept")
    return parser.parse_args()


def listening(port: int) -> socket.socket:
    """A listening socket on *port* of 127.0.0.1; 0 takes a free one."""
    # Without the protocol named, asyncio leaves TCP_NODELAY off: 40 ms for every answer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(2048)
    return sock


def server(
    ledger: Ledger | None = None, seed: int = 0, repositories: Path | None = None
) -> uvicorn.Server:
    """The sandbox on uvicorn, to be run on a listening socket."""
    config = uvicorn.Config(
        create(ledger, seed, repositories),
        loop="asyncio",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def main() -> None:
    """Serve until interrupted."""
    wanted = options()
    sock = listening(wanted.port)
    print(f"sandbox on http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
    server(Ledger(wanted.ledger), wanted.seed, wanted.repositories).run(sockets=[sock])


if __name__ == "__main__":
    main()
