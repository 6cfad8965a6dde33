"""The one reaction of the benches: an issue that was labelled gets a further label."""

from bench.payload import LABEL, REPOSITORY
from contexten.app import App
from contexten.delivery import Event
from workflows import github

app = App()


@app.github.event("issues:labeled")
async def triage(event: Event) -> None:
    """One call to the platform, and nothing else."""
    await github.add_labels(REPOSITORY, event.payload["issue"]["number"], LABEL)
