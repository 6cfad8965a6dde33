"""
The files of a working copy, and no others: every tool reaches them through here.

A path is relative, and stays in the copy after every link in it was followed. It is then opened
folder by folder without following any, so a link that is put there meanwhile leads nowhere.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from contexten.guards import why_not_read, why_not_write
from contexten.tool_text import Refused

Guard = Callable[[str], str | None]

LONGEST_PATH = 1_000
LARGEST_FILE = 4 * 1024 * 1024
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Places:
    """The files of one working copy."""

    def __init__(self, root: Path) -> None:
        """
        Args:
            root: Its folder, which is there.
        """
        self.root = Path(os.path.realpath(root))

    def path(self, written: str, *, follow: bool = True) -> str:
        """
        *written* as the path that it leads to, relative to the copy; ``.`` for the copy itself.

        Without *follow*, a link at its very end is meant itself.

        Raises:
            Refused: If it leads elsewhere.
        """
        why = f"{written[:200]!r} is not a path within the repository"
        if not written or len(written) > LONGEST_PATH or "\0" in written:
            raise Refused(f"{why}: it is empty, too long or holds a null character")
        if written.startswith("/") or ".." in written.split("/"):
            raise Refused(f"{why}: write it relative to the root of the repository, without '..'")
        try:
            real = Path(real_path(self.root / written, follow=follow))
        except (OSError, ValueError):
            raise Refused(f"{why}: it cannot be followed") from None
        if not real.is_relative_to(self.root):
            raise Refused(f"{why}: a link in it leads out of it")
        return real.relative_to(self.root).as_posix()

    def to_read(self, written: str) -> str:
        """
        The path of a file or folder to read.

        Raises:
            Refused: If it may not be read, by the name it is called or the one it has.
        """
        return self._allowed(written, why_not_read)

    def to_write(self, written: str, *, follow: bool = True) -> str:
        """
        The path of a file to write, or of what is to be there no more.

        Raises:
            Refused: If it may not be written, by the name it is called or the one it has.
        """
        path = self._allowed(written, why_not_write, follow=follow)
        if path == "." or written.endswith("/"):
            raise Refused(f"{written[:200]!r} is a folder")
        return path

    def _allowed(self, written: str, why_not: Guard, *, follow: bool = True) -> str:
        path = self.path(written, follow=follow)
        for name in (os.path.normpath(written), path):
            if why := why_not(name):
                raise Refused(why)
        return path

    @contextmanager
    def folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """
        A handle on the folder *path*; with *make*, it is made if it is not there.

        Raises:
            Refused: If it is not there, or is no folder.
        """
        handle = os.open(self.root, FOLDER)
        try:
            for part in [one for one in path.split("/") if one not in ("", ".")]:
                if make:
                    made(part, handle)
                inner = os.open(part, FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        except OSError as error:
            raise Refused(f"{path}: {said(error)}") from None
        finally:
            os.close(handle)

    @contextmanager
    def beside(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """A handle on the folder that *path* is in, and the name that it has there."""
        folder, _, name = path.rpartition("/")
        with self.folder(folder, make=make) as handle:
            yield handle, name

    def read(self, path: str) -> tuple[bytes, int]:
        """
        What the file *path* holds, and its mode.

        Raises:
            Refused: If it is not there, no ordinary file, or larger than ``LARGEST_FILE``.
        """
        with self.beside(path) as (folder, name):
            handle = os.open(name, FILE, dir_fd=folder)
            with os.fdopen(handle, "rb") as file:
                found = os.fstat(handle)
                if stat.S_ISDIR(found.st_mode):
                    raise Refused(f"{path} is a folder")
                if not stat.S_ISREG(found.st_mode):
                    raise Refused(f"{path} is no ordinary file")
                if found.st_size > LARGEST_FILE:
                    raise Refused(f"{path} has {found.st_size} bytes, more than {LARGEST_FILE}")
                return file.read(LARGEST_FILE + 1)[:LARGEST_FILE], stat.S_IMODE(found.st_mode)

    def kind(self, path: str) -> str | None:
        """What is at *path*: ``file``, ``folder`` or ``other``; None if nothing is."""
        try:
            with self.beside(path) as (folder, name):
                mode = os.stat(name or ".", dir_fd=folder, follow_symlinks=False).st_mode
        except Refused:
            return None
        if stat.S_ISREG(mode):
            return "file"
        return "folder" if stat.S_ISDIR(mode) else "other"

    def put(self, path: str, ready: Path) -> None:
        """Have the file *ready*, on the same file system, take the place of *path*."""
        with self.beside(path, make=True) as (folder, name):
            os.replace(ready, name, dst_dir_fd=folder)

    def remove(self, path: str) -> None:
        """Have nothing at *path*; a file that is not there is none."""
        try:
            with self.beside(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
        except Refused:
            if self.kind(path) is not None:
                raise


def real_path(path: Path, *, follow: bool) -> str:
    """*path* with the links in it followed, all of them or all but one at its end."""
    if follow or path.name in ("", "."):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(path.parent), path.name)


def made(name: str, within: int) -> None:
    """Have a folder *name* in the folder *within*."""
    try:
        os.mkdir(name, dir_fd=within)
    except FileExistsError:
        return


def said(error: OSError) -> str:
    """What *error* means to somebody who named a path."""
    words = {
        errno.ENOENT: "there is no such file or folder",
        errno.ENOTDIR: "a part of it is no folder",
        errno.EISDIR: "it is a folder",
        errno.ELOOP: "a link was put there meanwhile",
        errno.ENAMETOOLONG: "the name is too long",
        errno.ENXIO: "it is no ordinary file",
    }
    return words.get(error.errno or 0, error.strerror or "it cannot be reached")
