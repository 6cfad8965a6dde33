"""
The ready-made reactions: who asks for us hears from us, where they asked.

    GitHub   our label on an issue, our mention in a comment, the review label on a pull request
    Linear   our label on a ticket, our mention in a comment
    Slack    a mention
"""

from contexten.app import App
from workflows.reactions import github, linear, slack

app = App()
github.register(app)
linear.register(app)
slack.register(app)
