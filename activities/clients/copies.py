"""Where the working copies of this machine are, and the task queue that leads to it."""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from contexten.codebase import Checkout
from contexten.errors import ClientError
from contexten.queues import Queue

MACHINE = "machine"


class Copies:
    """
    The working copies in one folder.

        <var>/machine                    which machine this is: random, made once
        <var>/checkouts/<run>/tree       the working copy of a run
        <var>/checkouts/<run>/tree.done  what was done to it, by call
    """

    def __init__(self, var: Path) -> None:
        """
        Args:
            var: The folder of everything we keep. Workers that share it are one machine.
        """
        self._var = var

    def of_run(self, run: str) -> Path:
        """Where the working copy of *run* is, or would be; all in the folder above is the run's."""
        name = hashlib.sha256(run.encode(errors="backslashreplace")).hexdigest()[:32]
        return self._var.absolute() / "checkouts" / name / "tree"

    def folder(self, checkout: Checkout) -> Path:
        """
        Where *checkout* is.

        Raises:
            ClientError: If it is not here any more.
        """
        at = self.of_run(checkout.run)
        if not at.is_dir():
            raise ClientError("the working copy is not on this machine", platform=Queue.TOOLS)
        return at

    def queue(self) -> str:
        """The task queue that is served by this machine alone."""
        at = self._var / MACHINE
        if not at.exists():
            self._var.mkdir(parents=True, exist_ok=True)
            part = at.with_name(f"{MACHINE}.{os.getpid()}.{secrets.token_hex(4)}")
            part.write_text(secrets.token_hex(8))
            with suppress(FileExistsError):
                os.link(part, at)  # whoever comes first; the others read what that one wrote
            part.unlink()
        return f"{Queue.TOOLS}-{at.read_text().strip()}"
