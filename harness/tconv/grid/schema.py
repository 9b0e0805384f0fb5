"""The tables and keys of a configuration file, and what each may hold.

A field's description completes the "but should be ..." of :mod:`tconv.grid.validation`. The
defaults of keys are those of the classes that the tables become, and are not stated here.
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tconv.errors import TargetError
from tconv.grid.sweep import STRATEGIES, Budget, Strategy, Sweep
from tconv.grid.values import expected, read_values
from tconv.model.case import Suite
from tconv.model.parameters import PARAMETERS, REQUIRED, grid_keys
from tconv.model.parameters import Table as ParameterTable
from tconv.model.predicate import Predicate
from tconv.model.target import Selection

_ONE_DAY: Final = 86_400.0
_VALUES: Final = PARAMETERS["values"]
_VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_VariableValue = Annotated[str, Field(pattern=r"^[^\x00]*$")]


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
        raise ValueError("a condition is a string")
    return tuple(map(Predicate.from_text, texts))


_Texts = Annotated[tuple[str, ...], FailFast(), BeforeValidator(_tuple)]


class Table(BaseModel):
    """A table that accepts known keys only, and converts no value to another type."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )

    def written(self) -> dict[str, Any]:
        """Return the keys that the file gives; the others keep their defaults."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class RunTable(Table):
    """`[run]`."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="a name of letters, digits, '.', '_' and '-', as in \"smoke\"",
    )
    targets: Annotated[tuple[str, ...], FailFast(), BeforeValidator(_selections)] = Field(
        description='a list of targets, as in ["torch", "jax:conv_transpose@cpu"]'
    )
    required: _Texts = Field(
        (), description='a list of backends that targets names, as in ["torch"]'
    )
    values: Annotated[tuple[str, ...], BeforeValidator(partial(read_values, _VALUES))] = Field(
        (), description=expected(_VALUES)
    )
    seed: int = Field(0, ge=0, lt=2**63, description="a whole number from 0, below 2^63")

    @model_validator(mode="after")
    def _require_known(self) -> "RunTable":
        backends = sorted({Selection.from_text(text).backend for text in self.targets})
        for name in self.required:
            if name not in backends:
                raise PydanticCustomError(
                    "required",
                    "required={name}, but should be a backend that targets names ({backends}); add "
                    "it to targets or remove it from required",
                    {"name": repr(name), "backends": ", ".join(backends)},
                )
        return self


class LimitsTable(Table):
    """`[limits]`."""

    case_seconds: float = Field(0.0, gt=0, le=_ONE_DAY, description="seconds above 0, as in 10")
    worker_gib: float = Field(0.0, gt=0, allow_inf_nan=False, description="GiB above 0, as in 4")
    points: int = Field(0, ge=1, description="a whole number from 1, as in 20_000_000")


class BackendTable(Table):
    """`[backends.NAME]`."""

    environment: dict[_VariableName, _VariableValue] = Field(
        {}, description='a table of strings, as in {TF_ENABLE_ONEDNN_OPTS = "0"}'
    )


class BudgetTable(Table):
    """`budget` of a grid."""

    cases: int = Field(ge=1, description="a whole number from 1")
    strategy: Strategy = Field("pairwise", description=f"one of {', '.join(STRATEGIES)}")


class GridBase(Table):
    """The keys of a `[[grid]]` other than the parameters that it sweeps."""

    parameters: ClassVar[ParameterTable] = PARAMETERS
    suite: Suite = Field("explicit", description="one of explicit, open, extended, illegal")
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
        options = self.written()
        if self.suite == "open":
            options.setdefault("output_padding", (None,))
        if isinstance(table := options.get("budget"), BudgetTable):
            options["budget"] = Budget(cases=table.cases, strategy=table.strategy)
        return Sweep.from_options(self.parameters, path=path, number=number, **options)


def grid_table(table: ParameterTable = PARAMETERS) -> type[GridBase]:
    """Return the model of one `[[grid]]` in which the parameters of a table are swept."""
    fields: dict[str, Any] = {
        name: (
            Annotated[tuple[Any, ...], BeforeValidator(partial(read_values, table[name]))],
            Field(
                ... if table[name].default is REQUIRED else (), description=expected(table[name])
            ),
        )
        for name in grid_keys(table)
    }
    model = create_model("GridTable", __base__=GridBase, **fields)
    model.parameters = table
    return model


if TYPE_CHECKING:
    GridTable = GridBase  # its other keys exist at run time only
else:
    GridTable = grid_table()


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
