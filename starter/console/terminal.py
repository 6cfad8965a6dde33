"""Where commands print."""

import sys

from rich.console import Console

PLAIN_WIDTH = 200


def console() -> Console:
    """In colours on a terminal, plain elsewhere."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(highlight=False, markup=False, width=width)
