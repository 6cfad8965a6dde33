"""
The ready-made reactions: who asks for us has a run begun, or tells the one that is under way.

    GitHub   our label, an assignment, a mention; the review label; failing checks of our own
    Linear   our label, an assignment, a mention, a session with our agent
    Slack    a mention, a reply in a thread where a run is under way, a button
"""

from contexten.app import App
from workflows.reactions import github, linear, slack

app = App()
github.register(app)
linear.register(app)
slack.register(app)
