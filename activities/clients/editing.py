"""The tools that change files: each says first what is to become of which, then it is done."""

from collections.abc import Mapping

from activities.clients.patterns import replaced
from activities.clients.places import Places
from activities.clients.redo import Plan, Written
from activities.clients.searching import files_of
from activities.clients.texts import TextFile, text_file
from contexten.tool_text import Refused
from contexten.tools import (
    CreateFile,
    DeleteFile,
    EditFile,
    GlobalReplace,
    RenameFile,
    Replace,
)

MOST_FILES = 500
MOST_NAMED = 50


def edit_file(places: Places, asked: EditFile) -> Plan:
    """One passage, replaced by another."""
    file = text_file(places, places.to_write(asked.path))
    old, new = file.passage(asked.old), file.passage(asked.new)
    if not old:
        raise Refused("'old' is empty: give the passage to replace, or use create_file")
    if old == new:
        raise Refused("'old' and 'new' are the same: nothing would change")
    many = file.text.count(old)
    if many != 1:
        raise Refused(not_once(file, old, many))
    line = file.text[: file.text.index(old)].count("\n") + 1
    text = file.text.replace(old, new)
    return Plan(f"{file.path} was changed at line {line}", {file.path: file.with_text(text)})


def not_once(file: TextFile, old: str, many: int) -> str:
    """Why *old*, which occurs so *many* times, cannot be replaced, and what would help."""
    if many:
        at = [n for n, line in enumerate(file.text.split("\n"), 1) if old.split("\n")[0] in line]
        lines = ", ".join(map(str, at[:10]))
        return (
            f"'old' occurs {many} times in {file.path}, about lines {lines}: "
            "add the lines around it until it is the only one, or use replace"
        )
    first = max((one.strip() for one in old.split("\n")), key=len)
    near = [n for n, line in enumerate(file.text.split("\n"), 1) if first and first in line]
    if near:
        return (
            f"'old' does not occur in {file.path}, though a line of it does, at line {near[0]}: "
            "view the file there, and copy the passage with its spaces, without line numbers"
        )
    return f"'old' does not occur in {file.path}: view the file, and copy the passage from it"


def create_file(places: Places, asked: CreateFile) -> Plan:
    """A new file."""
    path = places.to_write(asked.path)
    if (there := places.kind(path)) is not None:
        raise Refused(f"{path} is there already, a {there}: edit it, or delete it first")
    written = TextFile(path, "").with_text(asked.content)
    return Plan(f"{path} was written, {len(written.data)} bytes", {path: written})


def delete_file(places: Places, asked: DeleteFile) -> Plan:
    """A file that is gone."""
    path = places.to_write(asked.path, follow=False)
    there = places.kind(path)
    if there == "folder":
        raise Refused(f"{path} is a folder: delete the files in it")
    if there is None:
        raise Refused(f"{path}: there is no such file")
    return Plan(f"{path} was deleted", {path: None})


def rename_file(places: Places, asked: RenameFile) -> Plan:
    """A file that is elsewhere."""
    path, to = places.to_write(asked.path), places.to_write(asked.to)
    if (there := places.kind(to)) is not None:
        raise Refused(f"{to} is there already, a {there}")
    data, mode = places.read(path)
    return Plan(f"{path} is {to} now", {to: Written(data, mode), path: None})


def replace(places: Places, asked: Replace) -> Plan:
    """Every occurrence in a file, replaced."""
    path = places.to_write(asked.path)
    return changed({path: text_file(places, path)}, asked.old, asked.new, regex=asked.regex)


def global_replace(places: Places, asked: GlobalReplace) -> Plan:
    """Every occurrence in the files of a glob, replaced."""
    found = dict[str, TextFile]()
    skipped = 0
    for path in files_of(places, asked.glob):
        try:
            found[path] = text_file(places, places.to_write(path))
        except Refused:
            skipped += 1
    plan = changed(found, asked.old, asked.new, regex=asked.regex)
    if skipped:
        return Plan(f"{plan.text}\n({skipped} files are binary, large or protected)", plan.files)
    return plan


def changed(files: Mapping[str, TextFile], old: str, new: str, *, regex: bool) -> Plan:
    """*files* with *new* in place of each *old*."""
    if not old:
        raise Refused("'old' is empty: give the text to replace")
    texts = {path: file.text for path, file in files.items()}
    if regex:
        found = replaced(texts, old, new)
    else:
        counts = {path: text.count(old) for path, text in texts.items()}
        found = {p: (many, texts[p].replace(old, new)) for p, many in counts.items() if many}
    if not found:
        raise Refused("'old' does not occur there: nothing was changed")
    if len(found) > MOST_FILES:
        raise Refused(f"it occurs in {len(found)} files, more than {MOST_FILES}: narrow the glob")
    lines = [f"{path}: {many} replaced" for path, (many, _) in sorted(found.items())]
    if len(lines) > MOST_NAMED:
        lines[MOST_NAMED:] = [f"and {len(lines) - MOST_NAMED} more files"]
    plan = {path: files[path].with_text(text) for path, (_, text) in found.items()}
    return Plan("\n".join(lines), dict(plan))
