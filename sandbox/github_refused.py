"""How the sandbox's GitHub says no."""

from typing import Any

from starlette.responses import JSONResponse

DOCUMENTATION = "https://docs.github.com/rest"


class RefusedError(Exception):
    """
    A request that GitHub would not carry out.

    Attributes:
        status: The HTTP status to answer.
        message: What GitHub says.
        errors: What is wrong with which field, for a 422.
    """

    def __init__(self, status: int, message: str, errors: list[dict[str, Any]] | None = None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors

    def answer(self) -> JSONResponse:
        """The refusal in GitHub's shape."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        body |= {"documentation_url": DOCUMENTATION, "status": str(self.status)}
        return JSONResponse(body, status_code=self.status)


def invalid(
    resource: str, field: str, code: str = "missing_field", message: str = ""
) -> RefusedError:
    """The 422 for one field of *resource*."""
    error = {"resource": resource, "field": field, "code": code}
    if message:
        error["message"] = message
    return RefusedError(422, "Validation Failed", [error])
