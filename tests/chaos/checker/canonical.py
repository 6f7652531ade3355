"""JSON byte for byte: numbers keep the text in which they were written, objects keep their order."""

import json
from collections.abc import Mapping
from typing import cast

Value = None | bool | int | str | list["Value"] | dict[str, "Value"]
Object = dict[str, Value]


class NumberText(str):
    """A number with a fraction or exponent, as it was written."""

    __slots__ = ()


def parse(body: bytes | None) -> Object:
    """Read a JSON object.

    Raises:
        ValueError: it is none.
    """
    if body is None:
        raise ValueError("a tombstone")
    found: object = json.loads(body, parse_float=NumberText)
    if isinstance(found, dict):
        return cast("Object", found)
    raise ValueError("no JSON object")


def text(value: Value) -> bytes:
    """The canonical form: no white space, fields in the order given, UTF-8."""
    return _text(value).encode()


def _text(value: Value) -> str:
    match value:
        case NumberText():
            return str(value)
        case dict():
            return "{" + ",".join(f"{_text(name)}:{_text(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_text, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def member(value: Mapping[str, Value], name: str) -> Object:
    """An object within an object; empty when it is absent."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def members(value: Mapping[str, Value], name: str) -> list[Object]:
    """A list of objects within an object; empty when it is absent."""
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def word(value: Mapping[str, Value], name: str) -> str:
    """A string within an object; empty when it is absent."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def number(value: Mapping[str, Value], name: str) -> int:
    """A whole number within an object; 0 when it is absent."""
    found = value.get(name)
    return found if isinstance(found, int) else 0
