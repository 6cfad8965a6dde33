"""
What a model wrote as the arguments of a tool: checked, and typed.

Nothing in it is taken for granted; what is wrong is said in words that the model can use.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from contexten.tools import TOOLS, Tool


def arguments_of(name: str, written: str) -> Any:
    """
    The typed arguments of the tool *name*, out of the JSON that a model wrote.

    Raises:
        ValueError: If there is no such tool, or it takes something else; the message says what.

    >>> arguments_of("view_file", '{"path": "a.py"}')
    ViewFile(path='a.py', first_line=1, last_line=None)
    """
    if name not in TOOLS:
        raise ValueError(f"there is no tool {name[:80]!r}; there are {', '.join(TOOLS)}")
    try:
        said = json.loads(written or "{}")
    except (ValueError, RecursionError):
        raise ValueError(f"the arguments of {name} are no JSON") from None
    if not isinstance(said, dict):
        raise ValueError(f"the arguments of {name} are no object")  # noqa: TRY004 - of values
    of = TOOLS[name].arguments
    return of(**checked(name, of, said))


def checked(name: str, of: type, said: Mapping[str, Any]) -> dict[str, Any]:
    """
    What *said* holds for the fields of the dataclass *of*.

    Raises:
        ValueError: If a field is missing, unknown or of another kind.
    """
    kinds = get_type_hints(of)
    if unknown := sorted(set(said) - set(kinds)):
        raise ValueError(f"{name} takes no {unknown[0][:80]!r}; it takes {', '.join(kinds)}")
    needed = [f.name for f in fields(of) if f.default is MISSING]
    if missing := [one for one in needed if one not in said]:
        raise ValueError(f"{name} needs {missing[0]!r}")
    return {key: fitted(name, key, kinds[key], value) for key, value in said.items()}


def fitted(name: str, key: str, kind: Any, value: Any) -> Any:
    """
    *value* as the *kind* that the field *key* has.

    Raises:
        ValueError: If it is of another kind.
    """
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is tuple:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise ValueError(f"{name} takes {json_type(kind)} as {key!r}")


def json_type(kind: Any) -> str:
    """What JSON Schema calls *kind*."""
    names = {str: "string", int: "integer", bool: "boolean"}
    return names.get(kind, "array")


def schema_of(tool: Tool) -> dict[str, Any]:
    """*tool* as a function in the form that models are told of: name, description, parameters."""
    kinds = get_type_hints(tool.arguments)
    return {
        "name": tool.name,
        "description": tool.arguments.__doc__,
        "parameters": {
            "type": "object",
            "properties": {name: property_of(kind) for name, kind in kinds.items()},
            "required": [f.name for f in fields(tool.arguments) if f.default is MISSING],
            "additionalProperties": False,
        },
    }


def property_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a field of *kind*."""
    if get_origin(kind) is UnionType:
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is tuple:
        return {"type": "array", "items": {"type": "string"}}
    return {"type": json_type(kind)}
