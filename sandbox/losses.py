"""
What a platform says it took and then does not have: posts that are gone as soon as they stand.

    POST /_losses {"platform": "github", "words": "It is mended", "count": 1}

Whoever posts hears that all went well. It is in the ledger as ``lost``, beside what it was.
"""

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route


class Loss(BaseModel):
    """
    What is to be lost.

    Attributes:
        platform: Which one loses it.
        words: Only posts that contain this.
        count: How many of them.
    """

    model_config = ConfigDict(extra="forbid")

    platform: str
    words: str = ""
    count: int = Field(1, ge=1)


@dataclass(slots=True)
class Losses:
    """The losses to come."""

    to_come: list[Loss] = field(default_factory=list)

    def takes(self, platform: str, text: str) -> bool:
        """Whether a post of *text* on *platform* is lost, counted."""
        for one in self.to_come:
            if one.platform == platform and one.words in text and one.count > 0:
                one.count -= 1
                return True
        return False


def routes(losses: Losses) -> list[BaseRoute]:
    """``POST /_losses``."""

    async def add(request: Request) -> Response:
        loss = Loss.model_validate_json(await request.body())
        losses.to_come.append(loss)
        return JSONResponse(loss.model_dump(), status_code=201)

    return [Route("/_losses", add, methods=["POST"])]
