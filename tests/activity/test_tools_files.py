"""Files are read and changed as they are, once, and only those of the working copy."""

import os
import socket
from pathlib import Path

import pytest
from copies import Copy

from activities.clients import redo
from activities.clients.places import Places
from activities.clients.redo import Redo

SECRET = "planted-secret-of-the-machine"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text(SECRET)
    made = Copy(tmp_path / "copies" / "tree")
    made.write({"src/app.py": "one\ntwo\nthree\n", ".git/config": SECRET, ".env": SECRET})
    (made.root / "out").symlink_to(outside)
    (made.root / "leak").symlink_to(outside / "secret")
    (made.root / "up").symlink_to("..")
    (made.root / "gitdir").symlink_to(".git")
    (made.root / "alias.py").symlink_to("src/app.py")
    return made


OUTSIDE = (
    "../outside/secret",
    "src/../../outside/secret",
    "/etc/passwd",
    "out/secret",
    "leak",
    "up/outside/secret",
    "gitdir/config",
    ".git/config",
    ".env",
    "src/../.env",
    "/proc/self/environ",
    "",
    "a\0b",
    "a" * 5_000,
    "src/app.py/x",
    "missing.py",
)


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: repr(path[:24]))
def test_what_is_not_of_the_copy_is_not_read(copy: Copy, path: str) -> None:
    done = copy.use("view_file", path=path)

    assert not done.ok
    assert SECRET not in done.text


@pytest.mark.parametrize("path", [one for one in OUTSIDE if one not in ("missing.py",)])
def test_what_is_not_of_the_copy_is_not_written(copy: Copy, tmp_path: Path, path: str) -> None:
    before = sorted(p for p in tmp_path.rglob("*") if ".done" not in str(p))

    assert not copy.use("create_file", path=path, content="x").ok
    assert not copy.use("rename_file", path="src/app.py", to=path).ok
    assert not copy.use("delete_file", path="out/secret").ok
    assert not copy.use("edit_file", path="leak", old=SECRET, new="x").ok
    assert sorted(p for p in tmp_path.rglob("*") if ".done" not in str(p)) == before
    assert (tmp_path / "outside/secret").read_text() == SECRET


@pytest.mark.parametrize("tool", ["list_directory", "search", "search_files_by_name"])
def test_secrets_and_other_folders_are_not_found(copy: Copy, tool: str) -> None:
    asked = {
        "list_directory": {"path": ".", "depth": 8},
        "search": {"query": "planted|one"},
        "search_files_by_name": {"pattern": "**/*"},
    }
    done = copy.use(tool, **asked[tool])

    assert done.ok
    assert SECRET not in done.text
    assert "app.py" in done.text
    assert ".git/" not in done.text


def test_a_link_within_the_copy_may_be_followed(copy: Copy) -> None:
    assert "two" in copy.use("view_file", path="alias.py").text
    assert copy.use("edit_file", path="alias.py", old="two", new="2").ok
    assert copy.read("src/app.py") == b"one\n2\nthree\n"
    assert (copy.root / "alias.py").is_symlink()


def test_a_link_that_is_deleted_leaves_what_it_led_to(copy: Copy) -> None:
    assert copy.use("delete_file", path="alias.py").ok
    assert not (copy.root / "alias.py").is_symlink()
    assert copy.read("src/app.py")


def test_a_link_put_there_after_the_look_leads_nowhere(copy: Copy) -> None:
    places = Places(copy.root)
    path = places.to_read("src/app.py")
    os.rename(copy.root / "src", copy.root / "old")
    (copy.root / "src").symlink_to(copy.root.parent.parent / "outside")
    (copy.root.parent.parent / "outside/app.py").write_text(SECRET)

    with pytest.raises(Exception, match=r"no folder|link"):
        places.read(path)


def test_what_is_no_ordinary_file_is_not_opened(copy: Copy) -> None:
    os.mkfifo(copy.root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(copy.root)
        listening.bind("plug")
        for path in ("pipe", "plug", "src"):
            assert not copy.use("view_file", path=path).ok
        assert "pipe (no ordinary file)" in copy.use("list_directory").text


def test_lines_are_numbered_and_bounded(copy: Copy) -> None:
    copy.write({"long.txt": "".join(f"line {n}\n" for n in range(1, 1001))})

    whole, part = (
        copy.use("view_file", path="long.txt"),
        copy.use("view_file", path="long.txt", first_line=998, last_line=2000),
    )

    assert whole.text.startswith("long.txt, lines 1 to 400 of 1000\n     1  line 1\n")
    assert part.text.splitlines() == [
        "long.txt, lines 998 to 1000 of 1000",
        "   998  line 998",
        "   999  line 999",
        "  1000  line 1000",
    ]
    assert not copy.use("view_file", path="long.txt", first_line=5000).ok


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02", "binary"),
        (b"\xff\xfe\x00", "binary"),
        ("häh\r\n".encode("iso-8859-1"), "iso-8859-1, lines end with CR LF"),
        ("\ufeffx\n".encode("utf-16"), "utf-16"),
        (b"x" * (5 * 1024 * 1024), "more than"),
    ],
    ids=["empty", "binary", "broken", "latin", "utf-16", "huge"],
)
def test_a_file_of_another_kind_is_told_as_what_it_is(
    copy: Copy, content: bytes, said: str
) -> None:
    copy.write({"odd": content})

    assert said in copy.use("view_file", path="odd").text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\nc\r\n", b"a\r\nX\r\nY\r\n"),
        (b"\xef\xbb\xbfa\nb\nc\n", b"\xef\xbb\xbfa\nX\nY\n"),
        ("é\nb\nc\n".encode("iso-8859-1"), "é\nX\nY\n".encode("iso-8859-1")),
        ("a\nb\nc\n".encode("utf-16"), "a\nX\nY\n".encode("utf-16")),
    ],
    ids=["windows", "marked", "latin", "utf-16"],
)
def test_an_edit_keeps_encoding_line_ends_and_mode(copy: Copy, before: bytes, after: bytes) -> None:
    copy.write({"file": before})
    (copy.root / "file").chmod(0o755)

    assert copy.use("edit_file", path="file", old="b\nc", new="X\nY").ok
    assert copy.read("file") == after
    assert (copy.root / "file").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("e", "occurs 3 times"),
        ("four", "does not occur"),
        ("two\n three", "at line 3"),
        ("", "is empty"),
        ("one", "the same"),
    ],
)
def test_an_edit_that_is_not_clear_is_refused_with_what_would_help(
    copy: Copy, old: str, said: str
) -> None:
    done = copy.use("edit_file", path="src/app.py", old=old, new="one")

    assert not done.ok
    assert said in done.text
    assert copy.read("src/app.py") == b"one\ntwo\nthree\n"


def test_a_letter_that_the_encoding_has_not_is_refused(copy: Copy) -> None:
    copy.write({"latin": "é\n".encode("iso-8859-1")})

    assert "has no '€'" in copy.use("edit_file", path="latin", old="é", new="€").text
    assert not copy.use("create_file", path="new", content="\ud800").ok


def test_files_are_made_moved_and_deleted(copy: Copy) -> None:
    assert copy.use("create_file", path="a/b/c.py", content="x = 1\n").ok
    assert not copy.use("create_file", path="a/b/c.py", content="").ok
    assert copy.use("rename_file", path="a/b/c.py", to="d/e.py").ok
    assert copy.read("d/e.py") == b"x = 1\n"
    assert not copy.use("rename_file", path="d/e.py", to="src/app.py").ok
    assert copy.use("delete_file", path="d/e.py").ok
    assert not copy.use("delete_file", path="d/e.py").ok
    assert not copy.use("delete_file", path="src").ok


def test_every_occurrence_is_replaced_in_one_file_and_in_all(copy: Copy) -> None:
    copy.write({"src/other.py": "one = one\n", "docs/a.md": "one\n", "bin": b"one\0one"})

    one = copy.use("replace", path="src/other.py", old=r"(\w+) = \w+", new=r"\1 = 1", regex=True)
    every = copy.use("global_replace", old="one", new="1", glob="**/*.py")

    assert one.text == "src/other.py: 1 replaced"
    assert every.text.splitlines() == ["src/app.py: 1 replaced", "src/other.py: 1 replaced"]
    assert copy.read("docs/a.md") == b"one\n"
    assert copy.read("src/other.py") == b"1 = 1\n"
    assert not copy.use("global_replace", old="nowhere", new="").ok


def test_a_global_replacement_leaves_protected_files_alone(copy: Copy) -> None:
    copy.write({".github/workflows/ci.yml": "one\n"})

    done = copy.use("global_replace", old="one", new="1")

    assert copy.read(".github/workflows/ci.yml") == b"one\n"
    assert "protected" in done.text


def test_a_regular_expression_that_never_ends_is_ended(copy: Copy) -> None:
    copy.write({"a.txt": "a" * 40 + "!"})

    wrong = copy.use("replace", path="a.txt", old="(", new="", regex=True)
    endless = copy.use("replace", path="a.txt", old="(a+)+$", new="", regex=True)

    assert "no regular expression" in wrong.text
    assert not endless.ok
    assert copy.read("a.txt") == b"a" * 40 + b"!"


def test_a_search_says_file_line_and_text(copy: Copy) -> None:
    copy.write({"src/b.py": "x = f(1)\n", "-e.py": "f(1)\n"})

    assert copy.use("search", query="f(1)", literal=True).text.splitlines() == [
        "-e.py:1:f(1)",
        "src/b.py:1:x = f(1)",
    ]
    assert copy.use("search", query=r"^t\w+", glob="*.py").text == (
        "src/app.py:2:two\nsrc/app.py:3:three"
    )
    assert copy.use("search", query="nothing like it").text == "nothing matches"
    assert not copy.use("search", query="(").ok
    assert not copy.use("search", query="").ok


@pytest.mark.parametrize("query", ["--pre=cat", "-f/etc/passwd", "--help", "--files"])
def test_a_query_is_never_an_option(copy: Copy, query: str) -> None:
    assert copy.use("search", query=query).text == "nothing matches"


def test_no_line_feed_in_a_name_hides_its_folder_from_the_guard(copy: Copy) -> None:
    copy.write({".ssh/a\nb.py": "planted", ".env\nplain.py": "planted", "seen.py": "planted"})

    assert copy.use("search", query="planted").text == "seen.py:1:planted"
    found = copy.use("search_files_by_name", pattern="**/*.py").text
    assert "plain.py" not in found
    assert "b.py" not in found.replace("src/b.py", "")


def test_a_search_is_bounded(copy: Copy) -> None:
    copy.write({"many.txt": "one\n" * 5_000, "wide.txt": "one" + "x" * 100_000})

    lines = copy.use("search", query="one").text.splitlines()

    assert len(lines) <= 201
    assert max(map(len, lines)) < 600
    assert "there is more" in lines[-1]


def test_names_that_are_no_text_are_shown_all_the_same(copy: Copy) -> None:
    (copy.root / os.fsdecode(b"caf\xe9.py")).write_text("odd = 1\n")
    (copy.root / "two\nlines.py").write_text("odd = 2\n")

    assert copy.use("list_directory").ok
    assert copy.use("search_files_by_name", pattern="*.py").ok


def test_passages_are_found_by_the_words_they_share(copy: Copy) -> None:
    copy.write(
        {
            "src/retry.py": "def wait_before_next_attempt(delay):\n    return delay * 2\n",
            "src/parse.py": "class HttpParser:\n    pass\n",
        }
    )

    found = copy.use("semantic_search", query="how long is the wait before an attempt?", most=1)

    assert found.text.splitlines()[0] == (
        "The nearest by the words they share (BM25 over 3 files), not by meaning:"
    )
    assert "src/retry.py, lines 1 to 3" in found.text
    assert "src/parse.py" not in found.text
    assert "HttpParser" in copy.use("semantic_search", query="http parser").text
    assert not copy.use("semantic_search", query=" ").ok


EDITS = {
    "edit_file": {"path": "src/app.py", "old": "two", "new": "2 two"},
    "create_file": {"path": "new.py", "content": "x"},
    "delete_file": {"path": "src/app.py"},
    "rename_file": {"path": "src/app.py", "to": "b.py"},
    "replace": {"path": "src/app.py", "old": "o", "new": "oo"},
    "global_replace": {"old": "o", "new": "oo", "glob": "**/*.py"},
}


@pytest.mark.parametrize("tool", EDITS)
def test_a_call_that_comes_twice_is_done_once(copy: Copy, tool: str) -> None:
    first = copy.use(tool, "the call", **EDITS[tool])
    seen = {p: p.read_bytes() for p in copy.root.rglob("*.py") if p.is_file()}
    second = copy.use(tool, "the call", **EDITS[tool])

    assert first.ok
    assert second == first
    assert {p: p.read_bytes() for p in copy.root.rglob("*.py") if p.is_file()} == seen


class Died(BaseException):
    """The worker died here."""


@pytest.mark.parametrize("dies_at", range(4))
def test_a_change_that_was_cut_short_is_carried_out_to_its_end(copy: Copy, dies_at: int) -> None:
    copy.write({"a.txt": "one", "b.txt": "one"})
    plan = redo.Plan(
        "both", {"a.txt": redo.Written(b"1"), "b.txt": redo.Written(b"1"), "src/app.py": None}
    )
    steps = iter(range(10))

    class Dying(Places):
        def put(self, path: str, ready: Path) -> None:
            self.step()
            super().put(path, ready)

        def remove(self, path: str) -> None:
            self.step()
            super().remove(path)
            self.step()

        def step(self) -> None:
            if next(steps) == dies_at:
                raise Died

    folder = copy.root.parent / "records"
    with pytest.raises(Died):
        Redo(folder, "x").files(Dying(copy.root), lambda: plan)
    again = Redo(folder, "x").files(Places(copy.root), lambda: pytest.fail("planned twice"))

    assert again.text == "both"
    assert (copy.read("a.txt"), copy.read("b.txt")) == (b"1", b"1")
    assert not (copy.root / "src/app.py").exists()
