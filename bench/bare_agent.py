"""An agent as LangChain alone has it: a loop in this process, which nothing survives."""

import time

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

from sandbox.tokens import MODEL_KEY

STEPS_A_TURN = 2


class BareAgent:
    """A loop with one tool, over the model at *url*."""

    def __init__(self, url: str, text: str) -> None:
        """Args: text: What its tool answers."""

        def view_file(path: str) -> str:
            """Read a file."""
            return text

        model = ChatOpenAI(model="sandbox", base_url=url, api_key=lambda: MODEL_KEY)
        self._agent = create_agent(model, [view_file])

    async def turn_ms(self, turns: int) -> float:
        """Milliseconds a turn of a run, which the model ends after *turns*."""
        began = time.perf_counter()
        asked = {"messages": [{"role": "user", "content": "Look at the file."}]}
        limit = {"recursion_limit": STEPS_A_TURN * turns + 10}
        said = await self._agent.ainvoke(asked, limit)  # type: ignore[call-overload]
        took = (time.perf_counter() - began) * 1000
        taken = sum(one.type == "ai" for one in said["messages"])
        if taken != turns:
            raise RuntimeError(f"the bare agent took {taken} turns, not {turns}")
        return took / turns
