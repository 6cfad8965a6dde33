"""
The offline model: what answers when no provider is set up.

It is no language model, and says so. What it does follows from the transcript alone, so it
keeps nothing between two calls; ``contexten.offline`` decides it.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from contexten.offline import next_step
from contexten.transcript import ASSISTANT, Call, Message
from contexten.turns import Role

NAME = "offline"


class OfflineModel(BaseChatModel):
    """A chat model that repairs by generate-and-validate."""

    @property
    def _llm_type(self) -> str:
        return NAME

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """With *tools* to work with."""
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        names = [one["function"]["name"] for one in kwargs.get("tools", ())]
        step = next_step([message_of(one) for one in messages], names)
        calls = [
            {"name": name, "args": arguments, "id": f"offline_{index}", "type": "tool_call"}
            for index, (name, arguments) in enumerate(step.calls)
        ]
        answer = AIMessage(step.text, tool_calls=calls, response_metadata={"model_name": NAME})
        return ChatResult(generations=[ChatGeneration(message=answer)])


def message_of(one: BaseMessage) -> Message:
    """*one* as we have it."""
    if isinstance(one, SystemMessage):
        return Message(Role.SYSTEM, str(one.text))
    if isinstance(one, HumanMessage):
        return Message(Role.USER, str(one.text))
    if isinstance(one, ToolMessage):
        ok = one.status == "success"
        return Message(Role.TOOL, str(one.text), call_id=one.tool_call_id, ok=ok)
    made = getattr(one, "tool_calls", ())
    calls = tuple(Call(c["id"] or "", c["name"], json.dumps(c["args"])) for c in made)
    return Message(ASSISTANT, str(one.text), calls)
