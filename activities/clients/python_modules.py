"""By what names the files of a repository are imported, and what an import means."""

import ast
import keyword
from dataclasses import dataclass

from activities.clients.places import Places
from activities.clients.python_files import of_module
from contexten.tool_text import Refused

Parts = tuple[str, ...]

OUTSIDE = "/"
"""What stands for a module that is elsewhere: no name of one."""


@dataclass(frozen=True, slots=True)
class Imported:
    """
    One name that an import binds.

    Attributes:
        module: What is imported, or imported from: absolute.
        name: What of it; None if it is the module.
        bound: By what name it is known then.
    """

    module: str
    name: str | None
    bound: str

    def line(self) -> str:
        """It, as a line of its own."""
        if self.name is None:
            alias = "" if self.bound == self.module.partition(".")[0] else f" as {self.bound}"
            return f"import {self.module}{alias}"
        return f"from {self.module} import {self.name}" + (
            "" if self.bound == self.name else f" as {self.bound}"
        )


@dataclass(frozen=True, slots=True)
class Names:
    """
    By what names files are imported.

    Attributes:
        root: The folder, in its parts, that such a name begins at.
    """

    root: Parts

    def of(self, path: str) -> str:
        """
        The name of the module *path*.

        Raises:
            Refused: If it has none.
        """
        parts = parts_of(path)
        if parts[: len(self.root)] != self.root or len(parts) == len(self.root):
            raise Refused(f"{path} is not in {'/'.join(self.root)}, where imports begin")
        return ".".join(parts[len(self.root) :])

    def absolute(self, node: ast.ImportFrom, path: str) -> str:
        """From what module *node*, in the file *path*, imports; no module's name if outside."""
        if not node.level:
            return node.module or ""
        base = folder_of(path, node.level)
        if base is None:
            return OUTSIDE
        parts = (*base, *(one for one in (node.module or "").split(".") if one))
        if parts[: len(self.root)] != self.root:
            return OUTSIDE
        return ".".join(parts[len(self.root) :])

    def imported(self, node: ast.AST, name: str, path: str) -> list[Imported]:
        """What *node*, an import in the file *path*, binds to *name*."""
        if isinstance(node, ast.Import):
            return [
                Imported(one.name, None, name)
                for one in node.names
                if (one.asname or one.name.partition(".")[0]) == name
            ]
        if isinstance(node, ast.ImportFrom):
            module = self.absolute(node, path)
            names = [one for one in node.names if (one.asname or one.name) == name]
            return [Imported(module, one.name, name) for one in names]
        return []

    def beside(self, node: ast.ImportFrom, path: str, target: str) -> str:
        """How *node*, in the file *path*, would name the module *target*, as it names others."""
        here, there = tuple(path.split("/")[:-1]), parts_of(target)
        shared = 0
        while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
            shared += 1
        if not node.level or shared <= len(self.root):
            return self.of(target)
        return "." * (len(here) - shared + 1) + ".".join(there[shared:])

    def imports(self, tree: ast.Module, path: str) -> set[str]:
        """Which files may be read when the module *tree*, in the file *path*, is imported."""
        names = set[str]()
        for node in of_module(tree.body, types_too=False):
            if isinstance(node, ast.Import):
                names |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                module = self.absolute(node, path)
                names |= {module, *(f"{module}.{one.name}" for one in node.names)}
        paths = ["/".join((*self.root, *name.split("."))) for name in names if name]
        return {one for path in paths for one in (f"{path}.py", f"{path}/__init__.py")}


def parts_of(path: str) -> Parts:
    """
    The parts of the path of a module.

    Raises:
        Refused: If *path* is that of no module that can be imported by others.
    """
    parts = tuple(path.removesuffix(".py").split("/"))
    if not path.endswith(".py"):
        raise Refused(f"{path} is no file of Python's: only those can be moved between")
    if parts[-1] in ("__init__", "__main__"):
        raise Refused(f"{path} is a package's own file: move by hand, others lean on its order")
    if not parts[-1].isidentifier() or keyword.iskeyword(parts[-1]):
        raise Refused(f"{path} cannot be imported by that name")
    return parts


def folder_of(path: str, level: int) -> Parts | None:
    """The folder that so many dots lead to from *path*; None if out of the repository."""
    parts = tuple(path.split("/"))
    return parts[: len(parts) - level] if level <= len(parts) else None


def package_root(places: Places, path: str) -> tuple[Parts, bool]:
    """The folder that the names of modules beside *path* begin at, and whether that is sure."""
    folder = tuple(path.split("/")[:-1])
    at = len(folder)
    while at and places.kind("/".join((*folder[:at], "__init__.py"))) == "file":
        at -= 1
    return folder[:at], at < len(folder) or not folder
