"""Passages of code, ranked by the words that they share with a question."""

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

LINES = 30
STEP = 20
LONGEST_PASSAGE = 3_000
MOST_WORDS = 64
LARGEST_TEXT = 512 * 1024
WORD = re.compile(r"[^\W_]+")
HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Passage:
    """So many lines of a file, numbered from 1."""

    path: str
    first: int
    last: int
    text: str


def words_of(text: str) -> list[str]:
    """
    The words of *text*, and those that its names are made of.

    >>> words_of("parseHttpURL(max_size)")
    ['parsehttpurl', 'parse', 'http', 'url', 'max', 'size']
    """
    found = []
    for word in WORD.findall(text):
        humps = HUMP.findall(word)
        found.append(word.lower())
        if len(humps) > 1:
            found += [one.lower() for one in humps]
    return found


def nearest(
    texts: Iterable[tuple[str, str]], question: str, most: int
) -> tuple[list[Passage], int]:
    """The *most* passages of *texts* nearest to *question*, best first; of how many texts."""
    asked = list(dict.fromkeys(words_of(question)))[:MOST_WORDS]
    files = 0
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute("CREATE TABLE passage (path, first, last, text)")
        index.execute(
            "CREATE VIRTUAL TABLE word USING fts5(words, content='', tokenize='porter unicode61')"
        )
        for path, text in texts:
            files += 1
            for one in passages(path, text[:LARGEST_TEXT]):
                row = index.execute(
                    "INSERT INTO passage VALUES (?, ?, ?, ?)",
                    (one.path, one.first, one.last, one.text),
                ).lastrowid
                said = " ".join(words_of(f"{one.path}\n{one.text}"))
                index.execute("INSERT INTO word (rowid, words) VALUES (?, ?)", (row, said))
        if not asked:
            return [], files
        found = index.execute(
            "SELECT path, first, last, text FROM word JOIN passage ON passage.rowid = word.rowid"
            " WHERE words MATCH ? ORDER BY bm25(word), path, first LIMIT ?",
            (" OR ".join(f'"{word}"' for word in asked), 4 * most),
        ).fetchall()
    return apart([Passage(*row) for row in found])[:most], files


def passages(path: str, text: str) -> list[Passage]:
    """*text* in pieces of so many lines, which overlap."""
    lines = text.split("\n")
    starts = range(0, max(len(lines) - (LINES - STEP), 1), STEP)
    return [
        Passage(
            path,
            start + 1,
            min(start + LINES, len(lines)),
            "\n".join(lines[start : start + LINES])[:LONGEST_PASSAGE],
        )
        for start in starts
    ]


def apart(found: list[Passage]) -> list[Passage]:
    """Those of *found* that do not overlap one before them."""
    kept = list[Passage]()
    for one in found:
        if not any(
            one.path == other.path and one.first <= other.last and other.first <= one.last
            for other in kept
        ):
            kept.append(one)
    return kept
