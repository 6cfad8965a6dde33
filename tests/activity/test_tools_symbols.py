"""A name is shown where it is defined, in each language that is known, and where it is used."""

import os
from pathlib import Path

import pytest
from copies import Copy

SECRET = "planted-secret-of-the-machine"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    made = Copy(tmp_path / "copies" / "tree")
    made.write({"README.md": "See parse.\n", ".git/config": "parse", ".env": f"parse={SECRET}"})
    return made


PYTHON = """import os

class Parser:
    @staticmethod
    def parse(text):
        return text

def parse(text):
    def inner():
        return 1
    return Parser.parse(text)
"""
SCRIPT = """export class Parser {
  parse(text) { return text }
  other = () => 1
}
export const parse = (text) => new Parser().parse(text)
function* steps() {}
"""
TYPED = """export interface Parser { parse(text: string): string }
abstract class Reader { abstract parse(): void; read = () => 1 }
export type Names = string[]
enum Colour { Red }
export function parse(text: string): Parser { return null as any }
"""
GO = """package a

type Parser[T any] struct{}

func (p *Parser[T]) Parse(text string) string { return text }
func (p Parser[T]) Read() {}
func Parse(text string) string { return text }
"""
RUST = """pub struct Parser<T> { x: T }
impl<T> Parser<T> {
    pub fn parse(&self) -> u8 { 1 }
}
impl<T> Read for Parser<T> { fn read(&self) {} }
pub trait Read { fn read(&self); }
mod inner { pub fn parse() {} }
macro_rules! parsed { () => {} }
"""
JAVA = """class Parser {
    Parser() {}
    String parse(String text) { return text; }
    record Point(int x) {}
    interface Read { void read(); }
}
"""


@pytest.mark.parametrize(
    ("path", "content", "name", "told"),
    [
        ("a.py", PYTHON, "Parser", ["a.py:3: class Parser (lines 3 to 6)"]),
        ("a.py", PYTHON, "Parser.parse", ["a.py:5: method Parser.parse (lines 4 to 6)"]),
        ("a.py", PYTHON, "parse", ["a.py:5: method", "a.py:8: function parse (lines 8 to 11)"]),
        ("a.py", PYTHON, "parse.inner", ["a.py:9: "]),
        ("a.js", SCRIPT, "Parser", ["a.js:1: class Parser (lines 1 to 4)"]),
        ("a.jsx", SCRIPT, "Parser.other", ["a.jsx:3: method Parser.other"]),
        ("a.js", SCRIPT, "parse", ["a.js:2: method Parser.parse", "a.js:5: function parse"]),
        ("a.mjs", SCRIPT, "steps", ["a.mjs:6: function steps"]),
        ("a.ts", TYPED, "parse", ["a.ts:1: method Parser.parse", "a.ts:2: method Reader.parse"]),
        ("a.tsx", TYPED, "Names", ["a.tsx:3: type Names"]),
        ("a.ts", TYPED, "Colour", ["a.ts:4: enum Colour"]),
        ("a.ts", TYPED, "Reader.read", ["a.ts:2: method Reader.read"]),
        ("a.go", GO, "Parser", ["a.go:3: type Parser"]),
        ("a.go", GO, "Parser.Parse", ["a.go:5: method Parser.Parse"]),
        ("a.go", GO, "Parser.Read", ["a.go:6: method Parser.Read"]),
        ("a.go", GO, "Parse", ["a.go:5: method Parser.Parse", "a.go:7: function Parse"]),
        ("a.rs", RUST, "Parser::parse", ["a.rs:3: method Parser.parse"]),
        ("a.rs", RUST, "read", ["a.rs:5: method Parser.read", "a.rs:6: method Read.read"]),
        ("a.rs", RUST, "inner::parse", ["a.rs:7: method inner.parse"]),
        ("a.rs", RUST, "parsed", ["a.rs:8: macro parsed"]),
        ("a.java", JAVA, "Parser.parse", ["a.java:3: method Parser.parse"]),
        ("a.java", JAVA, "Parser.Parser", ["a.java:2: constructor Parser.Parser"]),
        ("a.java", JAVA, "Point", ["a.java:4: record Parser.Point"]),
        ("a.java", JAVA, "Read.read", ["a.java:5: method Parser.Read.read"]),
    ],
)
def test_a_definition_is_found_by_its_name(
    copy: Copy, path: str, content: str, name: str, told: list[str]
) -> None:
    copy.write({path: content})

    done = copy.use("reveal_symbol", name=name)

    assert done.ok
    for one in told:
        assert one in done.text


def test_the_code_is_shown_with_its_lines_and_the_uses_after_it(copy: Copy) -> None:
    copy.write({"a.py": PYTHON, "b.py": "from a import parse\nparse(1)\nparser = 2\n"})

    text = copy.use("reveal_symbol", name="parse").text

    assert "     8  def parse(text):\n     9      def inner():\n" in text
    assert text.split("Other lines with the word parse:\n")[1].splitlines() == [
        "README.md:1: See parse.",
        "a.py:11: return Parser.parse(text)",
        "b.py:1: from a import parse",
        "b.py:2: parse(1)",
    ]
    assert SECRET not in text


def test_a_path_narrows_down_what_is_shown(copy: Copy) -> None:
    copy.write({"a/x.py": "def f():\n    return 'a'\n", "b/x.py": "def f():\n    return 'b'\n"})

    text = copy.use("reveal_symbol", name="f", path="b").text

    assert "return 'b'" in text
    assert "return 'a'" not in text
    assert "Defined elsewhere, too:\na/x.py:1: function f" in text
    assert copy.use("reveal_symbol", name="f", path="b/x.py").text == text
    assert not copy.use("reveal_symbol", name="f", path="missing").ok
    assert not copy.use("reveal_symbol", name="f", path="../x").ok


def test_a_language_that_is_not_known_is_searched_as_text(copy: Copy) -> None:
    copy.write({"a.rb": "def crunch\nend\n"})

    text = copy.use("reveal_symbol", name="crunch").text

    assert "No definition of crunch was found" in text
    assert "definitions are known in Python" in text
    assert "a.rb:1: def crunch" in text


def test_a_name_that_is_nowhere_is_said_to_be(copy: Copy) -> None:
    assert "stands in no file" in copy.use("reveal_symbol", name="nowhere").text


@pytest.mark.parametrize("name", ["", " ", "a b", "--help", "a.", "f()", "x" * 1_000, "a\0b", "*"])
def test_what_is_no_name_is_refused(copy: Copy, name: str) -> None:
    assert not copy.use("reveal_symbol", name=name).ok


def test_what_is_shown_is_bounded(copy: Copy) -> None:
    long = "def parse():\n" + "    x = 1\n" * 3_000 + "    return '" + "y" * 9_000 + "'\n"
    copy.write({f"m{n:03}.py": long for n in range(30)})
    copy.write({"uses.py": "parse()\n" * 500, "huge.py": "parse = 1\n" * 300_000})

    text = copy.use("reveal_symbol", name="parse").text

    assert len(text) < 64_000
    assert "it goes on to line 3002" in text
    assert "And defined here, too:" in text
    assert "Not every file" in text


def test_files_that_are_no_good_text_of_their_language_harm_nobody(copy: Copy) -> None:
    copy.write(
        {
            "deep.py": "def parse(): return " + "(" * 50_000,
            "deep.js": "parse" + "{" * 50_000,
            "latin.py": "def parse(): return 'é'\n".encode("iso-8859-1"),
            "wide.py": "def parse(): return 1\n".encode("utf-16"),
            "windows.py": b"\r\ndef parse():\r\n    return 1\r\n",
            "binary.py": b"def parse(): \0\xff",
            "two\nlines.py": "def parse(): pass\n",
        }
    )
    (copy.root / os.fsdecode(b"caf\xe9.py")).write_text("def parse(): pass\n")
    (copy.root / "link.py").symlink_to("/etc/passwd")

    done = copy.use("reveal_symbol", name="parse")

    assert done.ok
    assert "latin.py:1: function parse" in done.text
    assert "windows.py:2: function parse" in done.text


def test_what_is_nested_deeply_is_read_in_one_pass(copy: Copy) -> None:
    copy.write({"Deep.java": "class A{" * 40_000 + "class Parse{}" + "}" * 40_000})

    assert "Deep.java:1: class A.A." in copy.use("reveal_symbol", name="Parse").text
