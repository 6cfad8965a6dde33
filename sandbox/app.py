"""
The sandbox as one application.

    /github          GitHub's REST API, and git at /github/<owner>/<name>.git
    /linear/graphql  Linear's GraphQL API
    /slack/api/      Slack's Web API
    /model/v1        a language model's API
    /_ledger         what was done
    /_calls          what was asked, when, and which fault struck it
    /_faults         what goes wrong
    /_losses         what is gone as soon as it was posted
    /_environment    the settings with which Contexten speaks to it
    /_tokens         what the platforms accept from now on
    /_github         what a test may arrange on GitHub: apps, hooks, files, renames, git
    /_linear         what a test may arrange on Linear: teams
    /_model          what a test has the model say

Each platform module gives ``routes(world)``, which are mounted under the platform's name,
and may give ``control(world)``, which are not, and which no fault strikes.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from sandbox.environment import routes as environment_routes
from sandbox.faults import Faults
from sandbox.faults import routes as fault_routes
from sandbox.ledger import Ledger
from sandbox.ledger import routes as ledger_routes
from sandbox.losses import routes as loss_routes
from sandbox.wire import PLATFORMS, Wire
from sandbox.world import World


async def alive(request: Request) -> Response:
    """Say that we are there."""
    return PlainTextResponse("contexten sandbox\n")


def platform_routes(world: World) -> list[BaseRoute]:
    """What the platforms serve, each under its own name."""
    routes: list[BaseRoute] = []
    for platform in PLATFORMS:
        if find_spec(f"sandbox.{platform}") is None:
            continue
        module = import_module(f"sandbox.{platform}")
        routes.append(Mount(f"/{platform}", routes=module.routes(world)))
        if hasattr(module, "control"):
            routes.extend(module.control(world))
    return routes


def create(
    ledger: Ledger | None = None, seed: int = 0, repositories: Path | None = None
) -> ASGIApp:
    """
    All platforms behind one wire, with their ledger and their faults.

    Args:
        ledger: Where effects are written down; a new one in memory if not given.
        seed: What the faults' dice start from.
        repositories: Where real git repositories are kept; a folder of our own if not given.
    """
    world = World(ledger or Ledger(), Faults(seed), repositories=repositories)
    app = Starlette(
        routes=[
            Route("/", alive),
            *ledger_routes(world.ledger),
            *fault_routes(world.faults),
            *loss_routes(world.losses),
            *environment_routes(world),
            *platform_routes(world),
        ]
    )
    return Wire(app, world.ledger, world.faults)
