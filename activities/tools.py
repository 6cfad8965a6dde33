"""What agents do with working copies of repositories, one deed each, safe to repeat."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Protocol, TypeVar

from temporalio import activity

from contexten.codebase import BranchAt, Checkout, CheckoutAsk
from contexten.errors import AuthenticationError

BEATS_EVERY_S = 5.0
Beat = Callable[[], None]
Result = TypeVar("Result")


class CodebaseApi(Protocol):
    """The working copies of this machine. ``activities.clients.codebase`` is the real one."""

    def prepare(self, ask: CheckoutAsk, beat: Beat) -> Checkout: ...
    def remove(self, checkout: Checkout, beat: Beat) -> None: ...
    def read_branch(self, at: BranchAt, beat: Beat) -> BranchAt: ...


class NobodyWaits(Exception):  # noqa: N818 - it ends a deed that was called off
    """The attempt was cancelled, or its worker is about to end."""


async def beaten(threads: ThreadPoolExecutor, do: Callable[[Beat], Result]) -> Result:
    """What *do* comes to in one of *threads*, with heartbeats; it is told if it is called off."""
    called_off = Event()

    def beat() -> None:
        if called_off.is_set():
            raise NobodyWaits

    working = asyncio.get_running_loop().run_in_executor(threads, do, beat)
    try:
        while not working.done():
            activity.heartbeat()
            await asyncio.wait([working], timeout=BEATS_EVERY_S)
    except asyncio.CancelledError:
        called_off.set()
        await asyncio.wait([working])
        raise
    return working.result()


class CheckoutToolsActivities:
    """The deeds around a working copy, on the queue ``tools`` and on that of the copy's machine."""

    def __init__(self, codebase: CodebaseApi, renew: Callable[[], None], threads: int) -> None:
        """
        Args:
            codebase: The working copies; it blocks.
            renew: Has our credentials read anew.
            threads: How many deeds may be at work at once.
        """
        self._codebase = codebase
        self._renew = renew
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="checkouts")

    @activity.defn(name="tools.prepare_checkout")
    async def prepare_checkout(self, ask: CheckoutAsk) -> Checkout:
        """
        The working copy that a run needs: the one that is here, or a new one.

        Safe to repeat: a copy that is complete is found again, one that is not is made anew.

        Raises:
            TransientError: GitHub is away, or the disk is full; try again.
            RateLimitedError: GitHub asks us to slow down.
            ServerError: GitHub is broken.
            AuthenticationError: GitHub refuses our token.
            ClientError: The repository is gone, renamed, empty or too large, or has no such branch.
            FatalError: There is no git on this machine, or no token.
        """
        return await self._done(lambda beat: self._codebase.prepare(ask, beat))

    @activity.defn(name="tools.remove_checkout")
    async def remove_checkout(self, checkout: Checkout) -> None:
        """
        Remove a working copy of this machine.

        Safe to repeat: what is not there is removed.

        Raises:
            TransientError: Something is still at work on it.
        """
        await self._done(lambda beat: self._codebase.remove(checkout, beat))

    @activity.defn(name="tools.read_branch")
    async def read_branch(self, at: BranchAt) -> BranchAt:
        """
        A branch as it stands on the platform; without a commit if it is not there.

        Safe to repeat: it changes nothing.

        Raises:
            TransientError: GitHub is away; try again.
            RateLimitedError: GitHub asks us to slow down.
            ServerError: GitHub is broken.
            AuthenticationError: GitHub refuses our token.
            ClientError: The repository is gone or renamed.
            FatalError: There is no git on this machine, or no token.
        """
        return await self._done(lambda beat: self._codebase.read_branch(at, beat))

    async def _done(self, do: Callable[[Beat], Result]) -> Result:
        try:
            return await beaten(self._threads, do)
        except AuthenticationError:
            self._renew()
            raise
