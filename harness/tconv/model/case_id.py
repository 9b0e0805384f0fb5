"""The readable id of a case: written from its parameters, and read back.

The id is the seed of the inputs, the pytest id, the frame key and the reproducer's argument, so it
must never change: parameters at their default are left out of it, and a new parameter needs a
default that leaves every existing id as it is.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from tconv.errors import CaseError, quoted
from tconv.model.parameters import PARAMETERS, Parameter, Table

_CACHE_SIZE: Final = 2**14  # a grid has few distinct values of a parameter, and repeats them
_NUMBERED: Final = re.compile(r"(?P<prefix>[a-z]+?)(?P<numbers>m?\d[\dmx.]*)")
_LONGEST: Final = 1000  # eight axes, each with every parameter, have less
_EXAMPLE: Final = "2d-i5x4-k3x3-s2x1-p1.0x0-op1x0-ci2-co3-f32"


class IdFormat:
    """Writes and reads the ids of cases with the parameters of a table."""

    def __init__(self, table: Table = PARAMETERS) -> None:
        """Prepare a writer for each parameter, and the look-up of tokens for the reader."""
        self._writers = [(_writer(each), attrgetter(*each.fields)) for each in table.values()]
        self._always = {each.name for each in table.values() if each.always_in_id}
        self._words = {token: word for each in table.values() for token, word in _words(each)}
        self._numbered = {
            each.prefix: each
            for each in table.values()
            if each.kind in {"integer", "pair"} and each.name != "ndim"
        }

    def write(self, case: object) -> str:
        """Return the id of an object that has the fields of the parameters as attributes."""
        return "-".join([token for write, get in self._writers if (token := write(get(case)))])

    def read(self, case_id: str) -> dict[str, Any]:
        """Return the parameters that an id gives, by their names in a configuration.

        Raises:
            CaseError: the text is not a case id; the message names the part that is not understood.
        """
        parameters: dict[str, Any] = {}
        if len(case_id) > _LONGEST:
            raise CaseError(
                f"case id={quoted(case_id)}, but should have {_LONGEST:,} characters at most, as "
                f"in {_EXAMPLE}"
            )
        for part in case_id.split("-"):
            name, value = self._read_part(part, case_id, parameters)
            parameters[name] = value
        missing = sorted(self._always - parameters.keys())
        if missing:
            raise CaseError(
                f"case id={quoted(case_id)}, but should give {', '.join(missing)} as well, "
                "as in 2d-i5x4-k3x3-s2x1-ci2-co4-f32"
            )
        return parameters

    def _read_part(
        self, part: str, case_id: str, before: Mapping[str, object]
    ) -> tuple[str, object]:
        match = _NUMBERED.fullmatch(part)
        parameter = self._numbered.get(match["prefix"]) if match else None
        # `i32` is the input size the first time, and a dtype after it.
        if part in self._words and (parameter is None or parameter.name in before):
            return self._words[part]
        if re.fullmatch(r"\d+d", part):
            return "ndim", int(part[:-1])
        try:
            if match and parameter:
                return parameter.name, _value(parameter, match["numbers"])
        except ValueError:
            pass  # falls through to the one message
        raise CaseError(
            f"part {quoted(part)} of case id {quoted(case_id)} is not understood; an id looks like "
            f"{_EXAMPLE}; copy one from results.csv"
        )


def _writer(parameter: Parameter) -> Callable[[Any], str]:
    """Return the function that writes a parameter's value as a token, empty at the default."""
    if parameter.name == "ndim":
        return "{}d".format

    @lru_cache(maxsize=_CACHE_SIZE)
    def write(value: Any) -> str:  # noqa: ANN401 # that of any parameter; of a pair, two
        if not parameter.always_in_id and _is_default(parameter, value):
            return ""
        if value is None:
            return f"{parameter.prefix}none"
        match parameter.kind:
            case "name":
                return parameter.choices[value]
            case "flag":
                return parameter.prefix
            case "pair":
                entries = [_number(b) if b == e else f"{_number(b)}.{_number(e)}"
                           for b, e in zip(*value, strict=True)]  # fmt: skip
            case "integer":
                entries = [_number(entry) for entry in (value if parameter.per_axis else (value,))]
        return parameter.prefix + "x".join(entries)

    return write


def _is_default(parameter: Parameter, value: Any) -> bool:  # noqa: ANN401 # as in _writer
    if parameter.kind == "pair":
        return all(entry == parameter.default for side in value for entry in side)
    if parameter.per_axis and value is not None:
        return all(entry == parameter.default for entry in value)
    return bool(value == parameter.default)


def _words(parameter: Parameter) -> list[tuple[str, tuple[str, object]]]:
    """Return the tokens of a parameter that hold no number, each with its name and value."""
    words: list[tuple[str, object]] = []
    if parameter.kind == "flag":
        words.append((parameter.prefix, not parameter.default))
    elif parameter.kind == "name":
        words += [(token, name) for name, token in parameter.choices.items()
                  if parameter.always_in_id or name != parameter.default]  # fmt: skip
    elif parameter.absent and parameter.default is not None:
        words.append((f"{parameter.prefix}none", None))
    return [(token, (parameter.name, value)) for token, value in words]


def _value(parameter: Parameter, text: str) -> object:
    """Return the value that the text after a token's prefix stands for.

    Raises:
        ValueError: it does not hold integers.
    """
    if parameter.kind == "pair":
        sides = [entry.split(".") for entry in text.split("x")]
        return tuple((_integer(side[0]), _integer(side[-1])) for side in sides)
    if parameter.per_axis:
        return tuple(map(_integer, text.split("x")))
    return _integer(text)


def _number(value: int) -> str:
    return str(value) if value >= 0 else f"m{-value}"


def _integer(text: str) -> int:
    return -int(text[1:]) if text.startswith("m") else int(text)


_FORMAT: Final = IdFormat()
write_id: Final = _FORMAT.write
read_id: Final = _FORMAT.read
