"""
What people read of a run: that it began, what it asks, how it ended, and how it stands.

What a model wrote is made harmless before it is posted: nobody is alerted by it, and it
carries no mark of ours.
"""

import re

from contexten.agent import Ending
from contexten.agent_run import Ended, Question, Run
from contexten.delivery import Platform
from contexten.effects import MARKER
from contexten.orders import clean, harmless
from contexten.slack import plain

ON_IT = "On it."
LONGEST_POST = 12_000
MENTION = re.compile(r"(?<![\w`/.])@(?=[A-Za-z0-9])")
SHOWN = 12

BEGINNINGS = {
    Ending.DONE: "",
    Ending.FAILED: "I could not do it: ",
    Ending.EXHAUSTED: "I had to stop before I was done: ",
    Ending.CANCELLED: "I stopped, as I was told to: ",
    Ending.REJECTED: "I did not begin: ",
}


def postable(platform: Platform, text: str) -> str:
    """
    *text* of a model as it may be posted on *platform*.

    >>> postable(Platform.SLACK, "<!channel> done")
    '&lt;!channel&gt; done'
    """
    text = MARKER.sub("", text).replace("<!--", "&lt;!--").replace("\0", "")[:LONGEST_POST]
    if platform is Platform.SLACK:
        return plain(text.replace("&lt;!--", "<!--"))
    return MENTION.sub("@\u200b", text)


def asked(question: Question, mention: str) -> str:
    """*question*, and how it is answered."""
    lines = [f"I have a question: {question.text}"]
    lines += [f"- {one}" for one in question.choices]
    return "\n".join([*lines, "", f"Answer here, and begin with {mention}. I wait for it."])


def told(run: Run, ended: Ended) -> str:
    """How the run ended, with the evidence."""
    lines = [BEGINNINGS[ended.ending] + ended.words]
    if evidence := shown_evidence(run):
        lines += ["", *evidence]
    if run.trace_url:
        lines += ["", f"Trace: {run.trace_url}"]
    if run.model.partition(":")[0] == "offline":
        lines += ["", "(This was the offline model, which only knows the demonstration.)"]
    return "\n".join(lines)


def shown_evidence(run: Run) -> list[str]:
    """What can be seen of what the run did, a line each."""
    lines = []
    if run.pull:
        lines.append(f"- pull request #{run.pull.number}: {run.pull.url}")
    if run.head and run.checkout:
        lines.append(f"- branch {run.checkout.branch} at {run.head[:12]}")
    return lines + [f"- comment: {url}" for url in run.posted]


def details(run: Run, state: str) -> str:
    """How the run stands, as Markdown for the Web UI."""
    ask, spent = run.first, run.spent
    lines = [f"**{harmless(state)}**", "", f"Asked by {harmless(clean(ask.by or 'somebody'))}"]
    lines.append(f"on {harmless(clean(f'{ask.place.platform} {ask.place.of} {ask.place.at}'))}.")
    used = f"{spent.tokens} tokens, ${spent.usd:.2f}"
    lines.append(f"\nUsed: {spent.model_calls} model calls, {spent.tool_calls} tool calls, {used}.")
    if run.plan:
        lines += ["", "Plan:", "", *(f"> {harmless(clean(one))}" for one in run.plan.splitlines())]
    if run.question:
        lines += ["", f"Waits for an answer: {harmless(clean(run.question.text, 300))}"]
    lines += ["", *shown_evidence(run)]
    if run.latest:
        lines += ["", "| tool | about | |", "|---|---|---|"]
        lines += [
            f"| {harmless(clean(one.tool))} | {harmless(clean(one.brief))} |"
            f" {'ok' if one.ok else 'failed'} |"
            for one in run.latest[-SHOWN:]
        ]
    if run.trace_url:
        lines += ["", f"[Trace]({run.trace_url})"]
    return "\n".join(lines)
