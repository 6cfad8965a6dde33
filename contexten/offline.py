"""
What the offline model does next: a course that follows from the transcript and nothing else.

It is no language model. It runs the tests, tries small changes to the functions that fail, one
after the other, keeps what helps, and says so. A few plain instructions of people change that:

    also write FILE: text       that file is written before it commits
    call the PR title: text     so the pull request is called
    only answer: text           it answers that, and does nothing else
    stop                        it stops
"""

import re
from collections.abc import Sequence
from typing import Any

from contexten.offline_reading import RUN, count, failing, quoted, ran
from contexten.offline_repair import (
    MOST_CANDIDATES,
    Course,
    Heard,
    Step,
    Tried,
    Work,
    candidates_tried,
    ordered,
)
from contexten.transcript import ASSISTANT, Message
from contexten.turns import Role

WHAT_IT_IS = "offline model: not a language model; it repairs by generate-and-validate"
ALSO_WRITE = re.compile(r"(?im)\balso write ([\w./-]+): *([^\n]+)$")
TITLE = re.compile(r"(?im)\bcall the (?:branch|pr|pull request)(?: title)?: *([^\n]+)$")
INTERRUPTED = "was interrupted"
REVIEW = re.compile(r"(?m)^Review the pull request")


def next_step(messages: Sequence[Message], tools: Sequence[str]) -> Step:
    """The step that comes next in a transcript; what others than this model did is no part."""
    task = "\n".join(one.text for one in messages if one.role == Role.SYSTEM)
    known = iter(turns_in(messages))
    first = next((n for n, one in enumerate(messages) if one.role == ASSISTANT), len(messages))
    words = "\n".join(one.text for one in messages[:first] if one.role == Role.USER)
    course = steadily(begun(Heard(words=words), task, frozenset(tools)))
    step = next(course)
    for turn, heard in known:
        if matches(turn, step):
            step = course.send(heard)
    return step


def steadily(course: Course) -> Course:
    """*course*, with each command once more that was interrupted: they may all be repeated."""
    step = next(course)
    while True:
        heard = yield step
        while again := interrupted(step, heard):
            calls = tuple(step.calls[n] for n in again)
            more = yield Step("I was interrupted there: once more.", calls)
            results = list(heard.results)
            for n, result in zip(again, more.results, strict=True):
                results[n] = result
            heard = Heard(tuple(results), more.words)
        step = course.send(heard)


def interrupted(step: Step, heard: Heard) -> list[int]:
    """Which of the commands of *step* came to no end."""
    return [
        n
        for n, ((name, _), result) in enumerate(zip(step.calls, heard.results, strict=False))
        if name == "run_bash_command" and not result.ok and INTERRUPTED in result.text
    ]


def turns_in(messages: Sequence[Message]) -> list[tuple[Message, Heard]]:
    """Each thing that the model said, and what was heard after it."""
    results = {one.call_id: one for one in messages if one.role == Role.TOOL}
    found: list[tuple[Message, Heard]] = []
    at = [n for n, one in enumerate(messages) if one.role == ASSISTANT]
    for n, upto in zip(at, [*at, len(messages)][1:], strict=True):
        words = "\n".join(one.text for one in messages[:upto] if one.role == Role.USER)
        missing = Message(Role.TOOL, "", ok=False)
        answers = tuple(results.get(call.id, missing) for call in messages[n].calls)
        found.append((messages[n], Heard(answers, words)))
    return found


def matches(turn: Message, step: Step) -> bool:
    """Whether *turn* is that *step*, by its tools: arguments may have lost what looks secret."""
    return [one.name for one in turn.calls] == [name for name, _ in step.calls]


def begun(heard: Heard, task: str, tools: frozenset[str]) -> Course:
    """The whole course; whoever says more after it ended has it begin anew."""
    while True:
        work = Work(tools)
        if REVIEW.search(task) or REVIEW.search(heard.words):
            heard = yield from reviewed(heard, work)
        elif "run_bash_command" not in tools or "edit_file" not in tools:
            heard = yield from ended(work, ordered(heard) or nothing_to_work_on())
        else:
            heard = yield from repaired(heard, work)


def nothing_to_work_on() -> str:
    """What it says where there is no code to work on."""
    return (
        f"I am the {WHAT_IT_IS}. There is no repository here that I could run tests in, so I "
        "can only say so. Set AGENT_MODEL to a language model for answers."
    )


def ended(work: Work, text: str, outcome: str = "answer") -> Tried:
    """The end: *text*, through the tool for it if there is one."""
    if "finish" in work.tools:
        return (yield Step("", (("finish", {"summary": text, "outcome": outcome}),)))
    return (yield Step(text))


def reviewed(heard: Heard, work: Work) -> Tried:
    """A review: what the tests say is commented; no code is changed."""
    if (end := ordered(heard)) is not None:
        return (yield from ended(work, end))
    calls: list[tuple[str, dict[str, Any]]] = []
    if "view_pr" in work.tools:
        calls.append(("view_pr", {}))
    if "run_bash_command" in work.tools:
        diff = "git diff --stat HEAD~1 2>/dev/null | tail -n 20"
        calls += [("run_bash_command", {"command": diff}), ("run_bash_command", {"command": RUN})]
    elif "list_directory" in work.tools:
        calls.append(("list_directory", {}))
    if calls:
        heard = yield Step("I look at the change.", tuple(calls))
    if (end := ordered(heard)) is not None:
        return (yield from ended(work, end))
    text = heard.results[-1].text if heard.results else ""
    body = f"Review by the {WHAT_IT_IS}.\n\n{seen(text)}"
    if "create_pr_comment" in work.tools:
        heard = yield Step("", (("create_pr_comment", {"body": body}),))
    return (yield from ended(work, body, "review"))


def seen(text: str) -> str:
    """What it says of tests whose output is *text*, if that is what it is."""
    if not ran(text):
        return "I could not run the tests here, so I only read what there is."
    return f"{count(text)} tests fail:\n\n{names(text)}" if count(text) else "All tests pass."


def names(text: str) -> str:
    """The tests that fail, a line each."""
    return "\n".join(f"- `{file}::{test}`" for file, test in failing(text)[:20])


def repaired(heard: Heard, work: Work) -> Tried:
    """The work: tests, small changes until they pass, what people want besides, a pull request."""
    if (end := ordered(heard)) is not None:
        return (yield from ended(work, end))
    heard = yield Step(
        f"I am the {WHAT_IT_IS}. First I look around and run the tests.",
        (("list_directory", {}), ("run_bash_command", {"command": RUN})),
    )
    text = heard.results[-1].text
    if not ran(text) and not ALSO_WRITE.search(heard.words):
        why = "I could not run the tests: the tool said\n\n" + text[-500:]
        return (yield from ended(work, why, "failed"))
    mended = count(text) == 0
    if count(text):
        heard, mended = yield from candidates_tried(heard, work, text)
    if (end := ordered(heard)) is not None:
        return (yield from ended(work, end))
    heard = yield from written(heard, work)
    if not work.done:
        return (yield from ended(work, nothing_done(mended=mended), "answer"))
    return (yield from published(heard, work, mended=mended))


def nothing_done(*, mended: bool) -> str:
    """Why nothing was changed."""
    if mended:
        return f"All tests pass, and I only mend failing ones, so I changed nothing ({WHAT_IT_IS})."
    return (
        f"Tests fail, and none of the at most {MOST_CANDIDATES} small changes that I tried mends "
        f"them. I took all of them back ({WHAT_IT_IS})."
    )


def written(heard: Heard, work: Work) -> Tried:
    """Write those files that people asked for, as long as they ask for more."""
    while True:
        wanted = {path: said.strip() for path, said in ALSO_WRITE.findall(heard.words)}
        due = {path: said for path, said in wanted.items() if work.written.get(path) != said}
        if not due:
            return heard
        for path, said in due.items():
            command = f"printf '%s\\n' {quoted(said)} > {quoted(path)}"
            calls: tuple[tuple[str, dict[str, Any]], ...] = (
                ("create_file", {"path": path, "content": said + "\n"}),
            )
            heard = yield Step(f"I write {path}, as I was asked to.", calls)
            if not heard.results[0].ok:
                heard = yield Step("", (("run_bash_command", {"command": command}),))
            work.written[path] = said
            if heard.results[0].ok:
                work.done.append(f"wrote `{path}`, as asked")


def published(heard: Heard, work: Work, *, mended: bool) -> Tried:
    """Commit, open a pull request and end."""
    titles = TITLE.findall(heard.words)
    title = str(titles[-1]).strip() if titles else work.done[0][:1].upper() + work.done[0][1:]
    title = title.replace("`", "")[:100]
    heard = yield Step("I commit what I did.", (("commit", {"message": title}),))
    if not heard.results[0].ok:
        why = "I could not commit: " + heard.results[0].text[:500]
        return (yield from ended(work, why, "failed"))
    if (end := ordered(heard)) is not None:
        return (yield from ended(work, end))
    did = "\n".join(f"- {one}" for one in work.done)
    checked = "All tests pass now." if mended else "Some tests still fail."
    body = f"The {WHAT_IT_IS}. What it did:\n\n{did}\n\n{checked}"
    if "create_pr" in work.tools:
        heard = yield Step("", (("create_pr", {"title": title, "body": body}),))
    return (yield from ended(work, f"{checked} I did this:\n\n{did}", "pull_request"))
