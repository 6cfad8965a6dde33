"""
The reactions of the demo: an agent for our label on an issue of the sandbox's sample repository,
and for whatever else asks for us the words alone.
"""

from contexten.app import App
from contexten.delivery import Event
from workflows import acknowledgements
from workflows.reactions.github import work_on_label

SAMPLE = "octo/hello"

app = App()


@app.github.event("issues:labeled")
async def label(event: Event) -> None:
    """Our label was put on an issue: begin a run if it is the sample's, else say we are on it."""
    if event.repository == SAMPLE:
        await work_on_label(event)
    else:
        await acknowledgements.github_label(event)


app.github.event("issue_comment:created")(acknowledgements.github_mention)
app.github.event("pull_request:labeled")(acknowledgements.github_review)
app.linear.event("Issue")(acknowledgements.linear_label)
app.linear.event("Comment:create")(acknowledgements.linear_mention)
app.slack.event("app_mention")(acknowledgements.slack_mention)
