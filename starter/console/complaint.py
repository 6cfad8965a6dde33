"""What a command says when it cannot do what it was asked: one message, no traceback."""


class Complaint(Exception):  # noqa: N818 - it is what the operator did or has that is wrong
    """
    Why a command cannot go on, and how to mend it.

    Attributes:
        status: The exit status: 1 where it failed, 2 where it was asked or set up wrongly.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status
