"""Folders are removed at once for everybody who looks, and in their own time from the disk."""

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def removed(path: Path, trash: Path) -> None:
    """
    *path* is not there any more; what cannot be deleted now lies in *trash*.

    Raises:
        OSError: If it cannot even be moved.
    """
    trash.mkdir(parents=True, exist_ok=True)
    try:
        path.rename(aside := trash / secrets.token_hex(8))
    except FileNotFoundError:
        return
    deleted(aside)


def deleted(path: Path) -> None:
    """*path* is deleted as far as can be, whatever its modes are; never through a link."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    shutil.rmtree(path, onerror=again_with_rights)


def again_with_rights(do: Callable[[str], object], path: str, why: object) -> None:
    """Try once more to *do* what failed at *path*, as somebody who may."""
    with suppress(OSError):
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            do(path)


def emptied(trash: Path) -> None:
    """What lies in *trash* is deleted, too."""
    for path in trash.iterdir() if trash.is_dir() else ():
        deleted(path)


def size_of(folder: Path) -> int:
    """The bytes of all files in *folder*; what goes away meanwhile does not count."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(at, name)).st_size
    return total
