"""
``GET /_environment``: the settings with which Contexten speaks to this sandbox.

``PUT /_tokens`` takes by platform the tokens that are accepted from now on; the old ones are not.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.world import World

TEAM = "ENG"
REPOSITORY = "octo/hello"


def environment(world: World, base: str) -> dict[str, str]:
    """The variables of a Contexten that takes the sandbox at *base* for the platforms."""
    return {
        "GITHUB_API_URL": f"{base}/github",
        "GITHUB_URL": f"{base}/github",
        "GITHUB_TOKEN": world.tokens["github"],
        "LINEAR_API_URL": f"{base}/linear/graphql",
        "LINEAR_ACCESS_TOKEN": world.tokens["linear"],
        "LINEAR_TEAM_ID": TEAM,
        "SLACK_API_URL": f"{base}/slack/api/",
        "SLACK_BOT_TOKEN": world.tokens["slack"],
        "AGENT_REPOSITORY": REPOSITORY,
        "OPENAI_API_KEY": world.tokens["model"],
        "OPENAI_BASE_URL": f"{base}/model/v1",
    }


def routes(world: World) -> list[BaseRoute]:
    """The routes, to be mounted at the root."""

    async def read(request: Request) -> Response:
        return JSONResponse(environment(world, str(request.base_url).rstrip("/")))

    async def rotate(request: Request) -> Response:
        anew = await request.json()
        if not isinstance(anew, dict) or not anew.keys() <= world.tokens.keys():
            return JSONResponse({"error": f"a token for each of {[*world.tokens]}"}, 400)
        world.tokens.update({platform: str(token) for platform, token in anew.items()})
        return JSONResponse(environment(world, str(request.base_url).rstrip("/")))

    return [Route("/_environment", read), Route("/_tokens", rotate, methods=["PUT"])]
