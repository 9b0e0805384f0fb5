"""A rule: output size and start crop of one axis, each a formula or two of them by a condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.features import CONDITIONS
from tconv.analysis.atlas.formula import Cost, Formula
from tconv.analysis.atlas.observation_point import Letters, letters
from tconv.errors import AtlasError
from tconv.model.geometry import Axis

SPLIT = 2
"""What a second piece costs, in terms: a condition takes as much reading as two terms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piecewise:
    """One formula, or one where a condition holds and another where it does not.

    Attributes:
        condition: a text of :data:`tconv.analysis.atlas.features.CONDITIONS`, or None.
        formula: what holds where the condition does, or everywhere.
        otherwise: what holds elsewhere; None exactly where there is no condition.
    """

    formula: Formula
    condition: str | None = None
    otherwise: Formula | None = None

    def __post_init__(self) -> None:
        """Refuse a split without its other half, and conditions that this version lacks.

        Raises:
            AtlasError: it is such a split, or has such a condition.
        """
        if (self.condition is None) != (self.otherwise is None):
            raise AtlasError("condition and otherwise should be given together, or neither")
        if self.condition is not None and self.condition not in CONDITIONS:
            raise AtlasError(
                f"condition={self.condition!r}, but should be one of {', '.join(CONDITIONS)}; "
                "infer the rules again with this version"
            )

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The formula of each piece."""
        return (self.formula,) if self.otherwise is None else (self.formula, self.otherwise)

    @property
    def cost(self) -> Cost:
        """Description length, the sum of the formulas' and, where there are two, :data:`SPLIT`."""
        terms, size, weight = (
            sum(parts) for parts in zip(*(f.cost for f in self.formulas), strict=True)
        )
        return terms + SPLIT * (len(self.formulas) - 1), size, weight

    def pieces(self, at: Letters) -> list[tuple[str, Formula, NDArray[np.bool_]]]:
        """Return each piece: condition (empty: everywhere), formula, where it holds, (points,)."""
        everywhere = np.ones(len(at["i"]), dtype=np.bool_)
        if self.condition is None or self.otherwise is None:
            return [("", self.formula, everywhere)]
        inside = CONDITIONS[self.condition].holds(at)
        return [
            (self.condition, self.formula, inside),
            (f"not {self.condition}", self.otherwise, ~inside),
        ]

    def of(self, at: Letters) -> NDArray[np.int64]:
        """Return the value at each point, shape (points,)."""
        (_, formula, inside), *more = self.pieces(at)
        value = formula.of(at)
        return np.where(inside, value, more[0][1].of(at)) if more else value

    def __str__(self) -> str:
        """Write it as a conditional expression, which is valid Python as well."""
        if self.otherwise is None:
            return str(self.formula)
        return f"{self.formula} if {self.condition} else {self.otherwise}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        content: dict[str, Any] = {"text": str(self), "formula": dict(self.formula.terms)}
        if self.otherwise is not None:
            content |= {"condition": self.condition, "otherwise": dict(self.otherwise.terms)}
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote.

        Raises:
            AtlasError: it uses a feature or a condition that this version lacks.
        """
        otherwise = content.get("otherwise")
        return cls(
            formula=Formula.from_mapping(content["formula"]),
            condition=content.get("condition"),
            otherwise=None if otherwise is None else Formula.from_mapping(otherwise),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How the open shape of one axis is resolved.

    Attributes:
        size: the output size o, in the letters of :func:`letters`.
        begin: the crop at the start, in these letters and `o`, the output size; None where only
            sizes were observed. The crop at the end is s(i-1) + K - o - begin.
    """

    size: Piecewise
    begin: Piecewise | None = None

    def of(self, axes: Sequence[Axis]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Return output sizes and start crops, each of shape (points,)."""
        at = letters(axes)
        size = self.size.of(at)
        return size, None if self.begin is None else self.begin.of(at | {"o": size})

    def __str__(self) -> str:
        lines = [f"o = {self.size}"]
        if self.begin is not None:
            lines.append(f"begin = {self.begin}")
        return "\n".join(lines)

    def source(self, name: str = "resolve") -> str:
        """Return the rule as the source of a Python function that imports nothing.

        The function takes the parameters of :class:`Axis` by name
        (`o_requested` for its `o`) and returns output size and start crop, None where unknown.
        """
        begin = "None" if self.begin is None else str(self.begin)
        return (
            f"def {name}(*, i, k, s=1, d=1, p_begin=0, p_end=0, op=None, o_requested=None):\n"
            "    K = d*(k - 1) + 1\n"
            f"    o = {self.size}\n"
            f"    begin = {begin}\n"
            "    return o, begin\n"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON can hold it."""
        return {"o": self.size.to_dict(), "begin": self.begin and self.begin.to_dict()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the rule that :meth:`to_dict` wrote.

        Raises:
            AtlasError: it uses a feature or a condition that this version lacks.
        """
        begin = content["begin"]
        return cls(
            size=Piecewise.from_dict(content["o"]),
            begin=None if begin is None else Piecewise.from_dict(begin),
        )
