"""The tables and keys of a configuration file, and what each may hold.

A field's description completes the sentence "but should be ..."; :mod:`tconv.grid.config` says it.
Defaults are not stated here but in the values that the tables become.
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tconv.errors import TargetError
from tconv.grid import STRATEGIES, WORDS, Budget, Strategy, Sweep
from tconv.grid import values as notation
from tconv.model.case import Suite
from tconv.model.legality import LARGEST_SIZE
from tconv.model.malformed import MALFORMED
from tconv.model.parameters import DTYPES, POLICIES, VALUES
from tconv.model.predicate import Predicate
from tconv.model.target import Selection

_ONE_DAY: Final = 86_400.0
_NDIMS: Final = range(1, 9)


def _selections(value: object) -> object:
    for text in value if isinstance(value, list) else ():
        try:
            Selection.from_text(str(text))
        except TargetError as error:
            raise ValueError(str(error)) from None
    return _filled(value)


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _filled(value: object) -> object:
    if value == []:
        raise ValueError("the list is empty")
    return _tuple(value)


def _predicates(value: object) -> tuple[Predicate, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("a condition is a text")
    return tuple(map(Predicate.from_text, texts))


def _ndims(value: tuple[int, ...]) -> tuple[int, ...]:
    for ndim in value:
        if ndim not in _NDIMS:
            raise ValueError(f"{ndim} is outside {_NDIMS[0]} to {_NDIMS[-1]}")
    return value


def _sizes_of_arrays(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse what no array has, so that no framework could be asked for it."""
    for entry in value:
        given = entry if isinstance(entry, tuple) else (entry,)
        if min(given) < 0:
            raise ValueError(f"{entry} is no size of an array, which is 0 or more")
        if max(given) > LARGEST_SIZE:
            raise ValueError(f"{entry} is beyond 2^31-1, the size of the largest array")
    return value


def _names(*known: str) -> BeforeValidator:
    return BeforeValidator(lambda value: notation.names(value, known))


_Sweep = tuple[Any, ...]
_Texts = Annotated[tuple[str, ...], BeforeValidator(_tuple)]
_Integers = Annotated[_Sweep, BeforeValidator(notation.integers)]
_Sizes = Annotated[_Sweep, BeforeValidator(notation.sizes)]
_Extents = Annotated[_Sizes, AfterValidator(_sizes_of_arrays)]
_Counts = Annotated[_Integers, AfterValidator(_sizes_of_arrays)]
_VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_VariableValue = Annotated[str, Field(pattern=r"^[^\x00]*$")]

_INTEGERS: Final = 'a whole number, a list of them or a range, as in [1, 2] or "1..6"'
_SIZES: Final = (
    'a whole number, a range such as "1..6", or a list of them, in which an inner list is per '
    "axis, as in [1, 3, [3, 2]]"
)
_PADDINGS: Final = (
    "whole numbers or {begin = 1, end = 0}, or a list of them, in which an inner list is per axis, "
    "as in [0, {begin = 1, end = 0}, [1, 0]]"
)


class Table(BaseModel):
    """A table with known keys only, in which no value is bent into another type."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )

    def given(self) -> dict[str, Any]:
        """Return the keys that the file gives; the others keep their defaults."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class RunTable(Table):
    """`[run]`."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="a name of letters, digits, '.', '_' and '-', as in \"smoke\"",
    )
    targets: Annotated[tuple[str, ...], BeforeValidator(_selections)] = Field(
        description='a list of targets, as in ["torch", "jax:conv_transpose@cpu"]'
    )
    required: _Texts = Field(
        (), description='a list of backends that targets names, as in ["torch"]'
    )
    values: Annotated[tuple[str, ...], _names(*VALUES)] = Field(
        (), description=f"one of {', '.join(VALUES)}, or a list of them"
    )
    seed: int = Field(0, ge=0, lt=2**63, description="a whole number from 0, below 2^63")

    @model_validator(mode="after")
    def _require_known(self) -> "RunTable":
        known = sorted({Selection.from_text(text).backend for text in self.targets})
        for name in self.required:
            if name not in known:
                raise PydanticCustomError(
                    "required",
                    "required={name}, but should be a backend that targets names ({known}); add "
                    "it to targets or remove it from required",
                    {"name": repr(name), "known": ", ".join(known)},
                )
        return self


class LimitsTable(Table):
    """`[limits]`."""

    case_seconds: float = Field(0.0, gt=0, le=_ONE_DAY, description="seconds above 0, as in 10")
    worker_gib: float = Field(0.0, gt=0, allow_inf_nan=False, description="GiB above 0, as in 4")


class BackendTable(Table):
    """`[backends.NAME]`."""

    environment: dict[_VariableName, _VariableValue] = Field(
        {}, description='a table of texts, as in {TF_ENABLE_ONEDNN_OPTS = "0"}'
    )


class BudgetTable(Table):
    """`budget` of a grid."""

    cases: int = Field(ge=1, description="a whole number from 1")
    strategy: Strategy = Field("pairwise", description=f"one of {', '.join(STRATEGIES)}")


class GridTable(Table):
    """One `[[grid]]`."""

    suite: Suite = Field("explicit", description="one of explicit, open, extended, illegal")
    ndim: Annotated[_Integers, AfterValidator(_ndims)] = Field(
        description='numbers of axes, as in [1, 2] or "1..3"'
    )
    i: _Extents = Field(description=_SIZES)
    k: _Extents = Field(description=_SIZES)
    s: _Sizes = Field((), description=_SIZES)
    p: Annotated[_Sweep, BeforeValidator(notation.paddings)] = Field((), description=_PADDINGS)
    output_padding: Annotated[_Sweep, BeforeValidator(notation.output_paddings)] = Field(
        (), description=f'"none" for not given, or {_SIZES}'
    )
    dilation: _Sizes = Field((), description=_SIZES)
    groups: _Integers = Field((), description=_INTEGERS)
    padding: Annotated[_Sweep, BeforeValidator(notation.policies)] = Field(
        (), description=f'one of {", ".join(POLICIES)}, "none" for no policy, or a list of them'
    )
    o: Annotated[_Sweep, BeforeValidator(notation.requests)] = Field(
        (), description=f'one of {", ".join(WORDS)}, "none" for not requested, or {_SIZES}'
    )
    n: _Counts = Field((), description=_INTEGERS)
    c_in: _Counts = Field((), description=_INTEGERS)
    c_out: _Counts = Field((), description=_INTEGERS)
    dtype: Annotated[_Sweep, _names(*DTYPES)] = Field(
        (), description=f"one of {', '.join(DTYPES)}, or a list of them"
    )
    bias: Annotated[_Sweep, BeforeValidator(notation.flags)] = Field(
        (), description="true, false or [true, false]"
    )
    malformed: Annotated[_Sweep, BeforeValidator(notation.malformations)] = Field(
        (),
        description=f'one of {", ".join(MALFORMED)}, "none" for sound tensors, or a list of them',
    )
    where: Annotated[tuple[Predicate, ...], BeforeValidator(_predicates)] = Field(
        (), description='a condition or a list of them, as in ["k > 1 or s > 1"]'
    )
    budget: BudgetTable | None = Field(
        None, description='a table, as in {cases = 500, strategy = "pairwise"}'
    )

    def to_sweep(self, path: str, number: int) -> Sweep:
        """Return the table as a sweep; it is number `number` of the file `path`.

        In suite open an output padding that the table does not name is not given.
        """
        given = self.given()
        if self.suite == "open":
            given.setdefault("output_padding", (None,))
        if isinstance(table := given.get("budget"), BudgetTable):
            given["budget"] = Budget(cases=table.cases, strategy=table.strategy)
        return Sweep(path=path, number=number, **given)


class Document(Table):
    """The whole file."""

    run: RunTable = Field(description="a table, written [run]")
    limits: LimitsTable = Field(LimitsTable.model_construct(), description="a table: [limits]")
    backends: dict[str, BackendTable] = Field(
        {}, description="tables, each written [backends.NAME]"
    )
    grid: Annotated[tuple[GridTable, ...], BeforeValidator(_filled)] = Field(
        description="one or more tables, each written [[grid]]"
    )
