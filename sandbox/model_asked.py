"""What may be asked of the sandbox's model: the documented request, and nothing else."""

import re
from typing import Any

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MODELS = ("sandbox", "sandbox-small")
ROLES = {"system", "developer", "user", "assistant", "tool"}
KNOWN = {
    *("model", "messages", "stream", "stream_options", "tools", "tool_choice", "n", "stop"),
    *("temperature", "top_p", "max_tokens", "max_completion_tokens", "parallel_tool_calls"),
    *("seed", "user", "response_format", "presence_penalty", "frequency_penalty", "logprobs"),
}
LONGEST = 2_000_000


class RefusedError(Exception):
    """The request is none; it has a status, a type and a code as documented."""

    def __init__(self, message: str, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def as_json(self) -> dict[str, Any]:
        """It as the provider words it."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        said = {"message": str(self), "type": kind, "param": None, "code": self.code}
        return {"error": said}


def checked(asked: Any) -> dict[str, Any]:
    """
    *asked*, if it is as documented.

    Raises:
        RefusedError: If it is not.
    """
    if not isinstance(asked, dict):
        raise RefusedError("the body must be a JSON object")
    if unknown := sorted(set(asked) - KNOWN):
        raise RefusedError(f"Unrecognized request argument supplied: {unknown[0]}")
    if asked.get("model") not in MODELS:
        code = "model_not_found"
        raise RefusedError(f"The model `{asked.get('model')}` does not exist", 404, code)
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedError("'messages' must be a non-empty array")
    for one in asked.get("tools") or ():
        of_tool(one)
    if "tools" in asked and not asked["tools"]:
        raise RefusedError("[] is too short - 'tools'")
    in_order(messages)
    if sum(len(str(one.get("content"))) for one in messages) > LONGEST:
        raise RefusedError("This model's maximum context length", 400, "context_length_exceeded")
    return asked


def of_tool(one: Any) -> None:
    """
    Raises:
        RefusedError: If *one* is no tool.
    """
    function = one.get("function") if isinstance(one, dict) else None
    if not isinstance(function, dict) or one.get("type") != "function":
        raise RefusedError("'tools' must be functions")
    if not NAME.fullmatch(str(function.get("name"))):
        raise RefusedError(f"Invalid 'tools[].function.name': {function.get('name')!r}")
    parameters = function.get("parameters", {"type": "object"})
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        raise RefusedError(f"Invalid schema for function {function['name']!r}")


def in_order(messages: list[Any]) -> None:
    """
    Raises:
        RefusedError: If a call is not answered right after it, or an answer has no call.
    """
    open_calls: set[str] = set()
    for one in messages:
        role = one.get("role") if isinstance(one, dict) else None
        if role not in ROLES:
            raise RefusedError(f"Invalid value: {role!r} - 'messages[].role'")
        if role == "tool":
            if one.get("tool_call_id") not in open_calls:
                raise RefusedError(
                    "messages with role 'tool' must be a response to a preceding message with "
                    "'tool_calls'"
                )
            open_calls.remove(one["tool_call_id"])
            continue
        if open_calls:
            raise RefusedError(
                "An assistant message with 'tool_calls' must be followed by tool messages "
                f"responding to each 'tool_call_id': {', '.join(sorted(open_calls))}"
            )
        if role != "assistant" and not isinstance(one.get("content"), str | list):
            raise RefusedError("Invalid type for 'messages[].content'")
        open_calls = {of_call(call) for call in one.get("tool_calls") or ()}
    if open_calls:
        raise RefusedError("the last calls were not answered: 'tool_calls' must be followed")


def of_call(call: Any) -> str:
    """
    The id of *call*.

    Raises:
        RefusedError: If it is no call.
    """
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        raise RefusedError("Invalid 'messages[].tool_calls[]'")
    if not NAME.fullmatch(str(function.get("name"))) or not isinstance(call.get("id"), str):
        raise RefusedError("Invalid 'messages[].tool_calls[].function.name'")
    return str(call["id"])
