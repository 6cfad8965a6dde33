"""
Texts read or written of late, so that a run's next turn does not read all its turns again.

What is kept under a digest never changes, so what is remembered is never out of date.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from activities.stores.blobs import MARKED_EVERY, Texts

MOST_CHARACTERS = 16 * 2**20


class RecentTexts:
    """
    The texts of a store, the latest of them in memory, and each for an hour at most.

    After that it is read again, and so counts as used. Any thread may ask.
    """

    def __init__(
        self,
        texts: Texts,
        most: int = MOST_CHARACTERS,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            texts: Where they are kept.
            most: How much is remembered in all, characters.
            now_s: A clock, seconds.
        """
        self._texts = texts
        self._most = most
        self._now_s = now_s
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def put(self, text: str) -> str:
        """
        Keep *text*; its digest.

        Raises:
            ClientError: If it is too large for a blob.
            TransientError: If the database refused, or is away.
        """
        digest = self._texts.put(text)
        self._remember(digest, text)
        return digest

    def get(self, digest: str) -> str:
        """
        The text under *digest*.

        Raises:
            ClientError: If there is none, or it is damaged.
            TransientError: If the database refused, or is away.
        """
        with self._lock:
            text, until_s = self._known.get(digest, ("", float("-inf")))
            if self._now_s() < until_s:
                self._known.move_to_end(digest)
                return text
        text = self._texts.get(digest)
        self._remember(digest, text)
        return text

    def _remember(self, digest: str, text: str) -> None:
        until_s = self._now_s() + MARKED_EVERY.total_seconds()
        with self._lock:
            self._forget(digest)
            self._known[digest] = text, until_s
            self._size += len(text)
            while self._size > self._most:
                self._forget(next(iter(self._known)))

    def _forget(self, digest: str) -> None:
        text, _ = self._known.pop(digest, ("", 0.0))
        self._size -= len(text)
