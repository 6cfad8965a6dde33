"""
What the doctor finds of agents: which model answers, what it is traced by, git and the shell.

It speaks of the machine it is typed on; where queues are served elsewhere, ask it there.
Whether a key is there is said, never the key.
"""

import os
import shutil
from importlib.util import find_spec

from starter.console import shell
from starter.console.finding import Finding, State
from starter.lent import for_libraries
from starter.settings import Settings, Shell

OFFLINE = "offline"
KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "cohere": "COHERE_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "fireworks": "FIREWORKS_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistralai": "MISTRAL_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "perplexity": "PPLX_API_KEY",
    "together": "TOGETHER_API_KEY",
    "xai": "XAI_API_KEY",
}
"""The variable that each provider's library has its key from; others have theirs elsewhere."""

ON = ("true", "1", "yes")
TRACED_IF = "LANGSMITH_TRACING"
TRACED_WITH = "LANGSMITH_API_KEY"


async def examined(settings: Settings) -> list[Finding]:
    """Everything there is to find out about agents on this machine."""
    models = [of_model("model", settings.agent_model)]
    models += [of_model("fallback model", name) for name in settings.agent_fallback_models]
    return [*models, of_tracing(), of_git(), await of_shell(settings.agent_shell)]


def of_model(what: str, name: str) -> Finding:
    """Whether the model *name* can answer, as far as that is seen without asking it."""
    if name == OFFLINE:
        said = "offline: no language model; it mends failing tests by trying, and needs no key"
        mend = "set AGENT_MODEL to `provider:name` for answers of a language model"
        return Finding(what, State.MISSING, said, mend)
    provider = name.partition(":")[0] if ":" in name else ""
    if provider in KEYS and find_spec(f"langchain_{provider}") is None:
        package = f"langchain-{provider.replace('_', '-')}"
        said = f"{name}: its package is not installed"
        return Finding(what, State.WRONG, said, f"pip install {package}")
    if provider not in KEYS:
        said = f"{name}: which key it needs, its provider's library knows"
        return Finding(what, State.GOOD, said)
    return with_key(what, f"{name} answers", KEYS[provider])


def with_key(what: str, said: str, variable: str) -> Finding:
    """*said*, and whether *variable* has a key."""
    if seen(variable):
        return Finding(what, State.GOOD, f"{said}; {variable} is set")
    return Finding(what, State.WRONG, f"{said}, but {variable} is not set", f"set {variable}")


def of_tracing() -> Finding:
    """Whether runs are traced."""
    if seen(TRACED_IF).lower() not in ON:
        said = f"off; {TRACED_IF}=true has each run traced"
        return Finding("LangSmith", State.GOOD, said)
    return with_key("LangSmith", "on: it is told what models are told and say", TRACED_WITH)


def seen(variable: str) -> str:
    """What a worker's libraries see as *variable*; nothing if they see none."""
    return os.environ.get(variable) or for_libraries().get(variable, "")


def of_git() -> Finding:
    """Whether working copies can be made."""
    where = shutil.which("git")
    if where is None:
        return Finding("git", State.WRONG, "there is none in PATH", "install git")
    return Finding("git", State.GOOD, where)


async def of_shell(how: Shell) -> Finding:
    """Whether agents can run commands here, and shut in."""
    what = "commands of agents"
    if how is Shell.OFF:
        return Finding(what, State.GOOD, "AGENT_SHELL is off: agents run none")
    if how is Shell.UNSAFE:
        said = "not shut in: they see and do all that the worker may"
        return Finding(what, State.MISSING, said, "take AGENT_SHELL=unsafe back, if not meant")
    why = await shell.complaint(how.value)
    if why is None:
        return Finding(what, State.GOOD, "bubblewrap shuts them in, as was just tried")
    return Finding(what, State.MISSING, "bubblewrap cannot shut them in: none is run here", why)
