"""Where somebody is answered: the issue, ticket or thread that an event is about."""

from dataclasses import dataclass

from contexten.delivery import Event, Platform


@dataclass(frozen=True, slots=True)
class Place:
    """
    Attributes:
        platform: On which platform.
        of: The repository, ticket or channel there.
        at: The number of the issue or pull request, or the time that names the thread; for a
            ticket the session with our agent there, or empty.
    """

    platform: Platform
    of: str
    at: str = ""


def place_of(event: Event) -> Place | None:
    """
    Where who caused *event* reads our answer; None if its context is no such place.

    The context says it: ``github/octo/hello#12``, ``linear/ENG-7``, ``slack/C01/1700.01``.
    """
    _, _, rest = (event.context or "").partition("/")
    if event.platform is Platform.LINEAR:
        return Place(Platform.LINEAR, rest) if rest else None
    of, _, at = rest.rpartition("#" if event.platform is Platform.GITHUB else "/")
    if not of or not at or (event.platform is Platform.GITHUB and not at.isdigit()):
        return None
    return Place(event.platform, of, at)
