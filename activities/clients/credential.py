"""A credential that may be rotated while we run."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


class Credential(Generic[T]):
    """
    What a platform knows us by, read anew after it was refused. Safe to be used by many threads.

    To ask for it costs a comparison, until somebody has it renewed; then who asks next reads it,
    and the others wait for that.
    """

    def __init__(
        self, platform: str, value: T, again: Callable[[], T | None] | None = None
    ) -> None:
        """
        Args:
            platform: Whose credential it is, for the log.
            value: What it is to begin with.
            again: Reads it anew, quickly. If there is none to be had, the old one stays.
                Without it, it never changes.
        """
        self._platform = platform
        self._value = value
        self._again = again
        self._reading = threading.Lock()
        self._wanted = self._had = 0

    def __repr__(self) -> str:
        """Whose it is, never what it is."""
        return f"Credential({self._platform})"

    def __call__(self) -> T:
        """The credential as it is now."""
        if self._wanted != self._had:
            self._read()
        return self._value

    def renew(self) -> None:
        """Have it read anew by who needs it next. Does not wait."""
        if self._again is not None:
            self._wanted = self._had + 1

    def _read(self) -> None:
        with self._reading:
            wanted = self._wanted
            if self._again is None or wanted == self._had:
                return
            read = self._read_safely(self._again) or self._value
            same, self._value = read == self._value, read
            self._had = wanted
        log.warning(
            "%s refused our credential; it was read anew and is %s",
            self._platform,
            "still the same" if same else "another one",
        )

    def _read_safely(self, again: Callable[[], T | None]) -> T | None:
        try:
            return again()
        except Exception as error:  # noqa: BLE001  a client raises none but our errors
            log.warning("%s: no credential can be read (%s)", self._platform, type(error).__name__)
            return None
