"""What is read of the settings again while we run: credentials, once they were refused."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from starter.settings import Settings, SettingsError, load

T = TypeVar("T")

log = structlog.get_logger()


def read_anew(of: Callable[[Settings], T]) -> T | None:
    """
    What *of* finds in the settings as they are written now; None if they do not hold.

    What stands in the environment of our process stays what it was when we were started, and
    goes before what stands in the file.
    """
    try:
        return of(load())
    except SettingsError as error:
        log.warning("settings.unreadable", reason=str(error))
        return None
