"""How the sandbox's Slack says no: with a 200 and the name of an error."""

from starlette.responses import JSONResponse


class RefusedError(Exception):
    """
    A request that Slack would not carry out.

    Attributes:
        name: The error's name.
        messages: What more Slack says about it.
    """

    def __init__(self, name: str, *messages: str) -> None:
        super().__init__(name)
        self.name = name
        self.messages = messages

    def answer(self) -> JSONResponse:
        """The refusal in Slack's shape."""
        body: dict[str, object] = {"ok": False, "error": self.name}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return JSONResponse(body)
