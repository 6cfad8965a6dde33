"""Text files as they are: their encoding, their line ends and their mode stay what they were."""

import codecs
from dataclasses import dataclass

from activities.clients.places import LARGEST_FILE, Places
from activities.clients.redo import NEW_FILE, Written
from contexten.tool_text import Refused

LOOKED_AT = 8_192
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FALLBACK = "iso-8859-1"


@dataclass(frozen=True, slots=True)
class TextFile:
    """
    A text file.

    Attributes:
        path: Where it is.
        text: What it says; its lines end with a line feed alone if they all end with CR and LF.
        encoding: How it is written down.
        windows: Whether all its lines end with CR and LF.
        mode: Its mode.
    """

    path: str
    text: str
    encoding: str = "utf-8"
    windows: bool = False
    mode: int = NEW_FILE

    def with_text(self, text: str) -> Written:
        """
        The same file, saying *text*.

        Raises:
            Refused: If it cannot be written down so, or is too large.
        """
        if self.windows:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        try:
            data = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            letter = text[error.start]
            raise Refused(
                f"{self.path} is written in {self.encoding}, which has no {letter!r}"
            ) from None
        if len(data) > LARGEST_FILE:
            raise Refused(f"{self.path} would have {len(data)} bytes, more than {LARGEST_FILE}")
        return Written(data, self.mode)

    def passage(self, written: str) -> str:
        """*written* by somebody who may not know how the lines of this file end."""
        return written.replace("\r\n", "\n") if self.windows else written


def text_file(places: Places, path: str) -> TextFile:
    """
    The text file at *path*.

    Raises:
        Refused: If it is no text, is not there, or is too large.
    """
    data, mode = places.read(path)
    encoding = encoding_of(data)
    if encoding is None:
        raise Refused(f"{path} is a binary file of {len(data)} bytes")
    text = data.decode(encoding)
    windows = "\r\n" in text and text.count("\n") == text.count("\r\n")
    return TextFile(path, text.replace("\r\n", "\n") if windows else text, encoding, windows, mode)


def encoding_of(data: bytes) -> str | None:
    """How the text *data* is written down; None if it is no text."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding if decodes(data, encoding) else None
    if b"\0" in data[:LOOKED_AT]:
        return None
    return "utf-8" if decodes(data, "utf-8") else FALLBACK


def decodes(data: bytes, encoding: str) -> bool:
    """Whether *data* is a text in *encoding*."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
