"""Every test of an activity may use the real sandbox."""

from pretend import sandbox

__all__ = ["sandbox"]
