"""The shape of header and footer: which keys have values of which kind.

A shape is a type, a tuple of types, a list with the shape of each entry, or a mapping of keys to
shapes: a key that ends with `?` may be absent, and `*` stands for every key.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from tconv.errors import quoted

Shape: TypeAlias = Any
"""As above; recursive, which the type checker cannot say of literals."""

_COUNTS: Final = {"*": int}
_NONE: Final = type(None)

HEADER: Final[Shape] = {
    "config?": {"run": {"name": str}, "grid": list},  # the rest is for whoever reads it again
    "config_path?": str,
    "config_digest?": str,
    "grid?": {
        "made": int,
        "kept": int,
        "cases": int,
        "digest": str,
        "dropped": _COUNTS,
        "marginals": {"*": _COUNTS},
        "coverage": [
            {
                **dict.fromkeys(("table", "strategy"), str),
                **dict.fromkeys(("budget", "rows", "achievable", "reached"), int),
            }
        ],
        "shard?": str,
        "case?": str,
    },
    "targets?": [
        {
            "target": str,
            "cases": int,
            "sample?": (str, int, _NONE),
            "unavailable": (str, _NONE),
            "versions": {"*": str},
            "settings": {"*": str},
        }
    ],
    "machine?": {
        **dict.fromkeys(("cpu", "system"), str),
        **dict.fromkeys(("cores", "threads", "memory_bytes"), int),
        "cpu_features": [str],
    },
    "software?": {
        **dict.fromkeys(("python", "implementation", "tconv"), str),
        "packages": {"*": (str, _NONE)},
    },
    "started?": str,
    "resumed?": list,
    "shards?": list,
}
FOOTER: Final[Shape] = {
    "rows": int,
    "digest": str,
    "parts?": {"*": str},
    "header?": str,
    "checksum?": str,
    "ended?": str,
    "status?": int,
    "messages?": [str],
    "totals?": {"*": _COUNTS},
    "resumed?": int,
}

_NAMES: Final = {str: "a text", int: "a whole number", dict: "an object", list: "a list"}


def misfits(value: object, shape: Shape, key: str = "") -> Iterator[str]:  # noqa: C901 # one case per kind of shape
    """Yield what does not fit the shape: the key, what it holds and what it should."""
    match shape, value:
        case {"*": inner}, dict():
            for name, entry in value.items():
                yield from misfits(entry, inner, _joined(key, name))
        case dict(), dict():
            for name, inner in shape.items():
                plain = name.removesuffix("?")
                if plain in value:
                    yield from misfits(value[plain], inner, _joined(key, plain))
                elif plain == name:
                    yield f"{_joined(key, name)} is missing"
        case [inner], list():
            for at, entry in enumerate(value):
                yield from misfits(entry, inner, f"{key}[{at}]")
        case dict() | [_], _:
            yield from misfits(value, type(shape), key)
        case _:
            kinds = shape if isinstance(shape, tuple) else (shape,)
            if type(value) not in kinds:
                names = " or ".join(_NAMES.get(kind, "null") for kind in kinds)
                yield f"{key}={quoted(value)}, but should be {names}"


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
