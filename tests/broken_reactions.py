"""A reaction with a fault in it, as somebody may write one."""

from contexten.app import App
from contexten.delivery import Event

app = App()


@app.github.event("issues:opened")
async def always_throws(event: Event) -> None:
    """Look up what is never there."""
    raise KeyError(event.context)
