"""
Which reactions there are: those of the modules named in the settings, in that order.

A workflow looks them up here. In the strict sandbox the modules are imported anew inside
it, so that what they do is guarded as well.
"""

import traceback
from collections.abc import Iterable
from types import ModuleType

import contexten.app
from contexten.app import App, Registered
from contexten.delivery import Event

DEFAULT_MODULES = ("workflows.reactions",)

_names: tuple[str, ...] = DEFAULT_MODULES


class BrokenReactions(Exception):  # noqa: N818 - it is the module that is broken
    """A reactions module cannot be used; the message says where it breaks."""


def load(names: Iterable[str]) -> None:
    """
    Take the reactions of the modules *names* from now on.

    Raises:
        BrokenReactions: If one does not import, or holds no ``app``; nothing is changed then.
    """
    global _names
    fresh = tuple(names)
    for name in fresh:
        refuse_broken(name)
    _names = fresh


def refuse_broken(name: str) -> None:
    """
    Raises:
        BrokenReactions: If the module *name* does not import, or holds no ``app``.
    """
    try:
        found = app_of(name)
    except Exception as error:
        raise BrokenReactions(f"reactions module {name}: {where(error)}{said(error)}") from error
    if not isinstance(found, App):
        raise BrokenReactions(
            f"reactions module {name}: holds no `app`; write `app = contexten.app.App()` in it"
        )


def import_all() -> None:
    """Import the modules in force, where they are not yet."""
    for name in _names:
        app_of(name)


def app_of(name: str) -> App | None:
    """The ``app`` of the module *name*, imported if it is not yet."""
    module: ModuleType = __import__(name, fromlist=["app"])
    return getattr(module, "app", None)


def where(error: Exception) -> str:
    """The file and line at which importing broke, with a colon and a blank; or nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: "
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not inside_import(f.filename)]
    return f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""


def inside_import(filename: str) -> bool:
    """Whether a frame belongs to the importing or registering, not to what is imported."""
    return filename in {__file__, contexten.app.__file__} or filename.startswith("<frozen")


def said(error: Exception) -> str:
    """What *error* says, in one line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}"


def reactions_to(event: Event) -> list[Registered]:
    """Every reaction to *event*, in order of module and registration."""
    found: list[Registered] = []
    for name in _names:
        app = app_of(name)
        if app is not None:
            found += app.reactions_to(event)
    return found
