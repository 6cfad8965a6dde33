"""``GET /_environment``: the settings with which Contexten speaks to this sandbox."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.world import World

TEAM = "ENG"


def environment(world: World, base: str) -> dict[str, str]:
    """The variables of a Contexten that takes the sandbox at *base* for the platforms."""
    return {
        "GITHUB_API_URL": f"{base}/github",
        "GITHUB_TOKEN": world.tokens["github"],
        "LINEAR_API_URL": f"{base}/linear/graphql",
        "LINEAR_ACCESS_TOKEN": world.tokens["linear"],
        "LINEAR_TEAM_ID": TEAM,
        "SLACK_API_URL": f"{base}/slack/api/",
        "SLACK_BOT_TOKEN": world.tokens["slack"],
    }


def routes(world: World) -> list[BaseRoute]:
    """The route, to be mounted at the root."""

    async def read(request: Request) -> Response:
        return JSONResponse(environment(world, str(request.base_url).rstrip("/")))

    return [Route("/_environment", read)]
