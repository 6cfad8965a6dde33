"""How the sandbox's Linear says no: GraphQL errors, whatever was wrong."""

from graphql import GraphQLError
from starlette.responses import JSONResponse


def refusal(message: str, told: str, *, kind: str, code: str, status: int = 400) -> GraphQLError:
    """
    An error in Linear's shape.

    Args:
        message: What it says to programs.
        told: What it says to people.
        kind: ``extensions.type``.
        code: ``extensions.code``.
        status: ``extensions.statusCode``.
    """
    return GraphQLError(
        message,
        extensions={
            "type": kind,
            "code": code,
            "statusCode": status,
            "userError": status < 500,
            "userPresentableMessage": told,
        },
    )


def unauthenticated(
    told: str = "You need to authenticate to access this operation.",
) -> GraphQLError:
    """Nobody we know asks."""
    message = "Authentication required, not authenticated"
    kind, code = "authentication error", "AUTHENTICATION_ERROR"
    return refusal(message, told, kind=kind, code=code, status=401)


def not_found(what: str) -> GraphQLError:
    """There is no such *what*."""
    told = f"Could not find referenced {what}."
    return refusal(f"Entity not found: {what}", told, kind="invalid input", code="INPUT_ERROR")


def taken(what: str, id_: str) -> GraphQLError:
    """A *what* with that id stands already; undocumented, and worded as it is seen to be."""
    told = f"Entity {what} with id {id_} already exists."
    return refusal(f"conflict on insert of {what}", told, kind="invalid input", code="INPUT_ERROR")


def invalid(told: str) -> GraphQLError:
    """A field has a value that its type allows, and Linear does not."""
    kind, code = "invalid input", "INVALID_INPUT"
    return refusal("Argument Validation Error", told, kind=kind, code=code)


def malformed(told: str, code: str = "GRAPHQL_VALIDATION_FAILED") -> GraphQLError:
    """What was sent is no request at all, or not one for this schema."""
    return refusal(told, told, kind="graphql error", code=code)


def answer(status: int, *errors: GraphQLError) -> JSONResponse:
    """The answer that holds nothing but *errors*."""
    return JSONResponse({"errors": [error.formatted for error in errors]}, status_code=status)
