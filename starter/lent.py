"""
What the file of settings has for libraries that look into the environment alone.

A model's provider has its key there, LangSmith all it needs. They are lent only to the process
that asks models, so that nothing else holds them.
"""

from collections.abc import MutableMapping

from dotenv import dotenv_values

from starter.settings import Settings, env_file

OF_THE_ENGINE = "TEMPORAL_"
"""What begins so is read from the file where the engine is reached."""


def for_libraries() -> dict[str, str]:
    """What stands in the file of settings and is no setting of ours, by name."""
    ours = {field.alias for field in Settings.model_fields.values()}
    return {
        name: value
        for name, value in dotenv_values(env_file()).items()
        if value and name not in ours and not name.startswith(OF_THE_ENGINE)
    }


class Lent:
    """What was put into an environment out of the file of settings."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Args: environ: Where the libraries look."""
        self._environ = environ
        self._names: set[str] = set()

    def lend(self) -> None:
        """
        Put there what the file has now. What the environment had of its own stays.

        Safe to repeat: what was lent before is replaced, and taken back if the file has it no more.
        """
        found = for_libraries()
        for name in self._names - set(found):
            self._environ.pop(name, None)
        mine = {name for name in found if name in self._names or name not in self._environ}
        self._environ.update({name: found[name] for name in mine})
        self._names = mine
