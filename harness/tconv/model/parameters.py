"""The parameters of a case, each declared once in one table.

Case ids, validation, result columns, configuration keys, the layout of grids, the names in
predicates, the breakdowns of reports and the documentation follow from it. A new parameter is
declared here, gets a field in :class:`tconv.model.case.Case`, and is read by the arithmetic that it
changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tconv.model.malformed import MALFORMED

DTYPES: Final = {
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
    "complex64": "c64",
    "complex128": "c128",
    "int32": "i32",
    "int64": "i64",
}
"""Every dtype a case may have, and its token in a case id."""

POLICIES: Final = {
    "same": "padsame",
    "same_lower": "padsamelower",
    "valid": "padvalid",
    "full": "padfull",
    "causal": "padcausal",
    "circular": "padcircular",
    "reflect": "padreflect",
}
"""Every padding policy, and its token in a case id; :mod:`.policies` defines the last four."""

POLICY_ALIASES: Final = {"same_upper": "same", "notset": "none"}
"""What ONNX calls a policy, in lower case, and its name here; the command line takes both."""

VALUES: Final = ("exact", "normal")
"""Every kind of input values; the first is the default."""

REQUIRED: Final = object()
"""Stands for the default of a parameter that must be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a case.

    Attributes:
        name: its key in a configuration and its field in a case; a pair has two fields.
        letter: a shorter name that predicates know as well, or empty.
        aliases: what frameworks call it; the command line takes these names too.
        kind: a whole number, a pair of them (begin, end), one of several names, or a flag.
        per_axis: whether a case has one value per spatial axis; a pair always has.
        default: the value where none is given, or :data:`REQUIRED`.
        absent: what None means; empty where it cannot be None.
        choices: the names and their tokens in a case id, where the kind is a name.
        is_size: whether it is a size of an array, and so 0 or more.
        prefix: the letters before its value in a case id; of a flag, the whole token.
        always_in_id: whether an id states its default as well.
        unit: unit of the values, empty where there is none.
        meaning: one line for people; `{side}` stands for start or end in that of a pair.
        in_grid: whether it is a key of `[[grid]]`.
        in_breakdown: whether reports count deviations by its value.
    """

    name: str
    letter: str = ""
    aliases: tuple[str, ...] = ()
    kind: Literal["integer", "pair", "name", "flag"] = "integer"
    per_axis: bool = False
    default: object = REQUIRED
    absent: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    is_size: bool = False
    prefix: str = ""
    always_in_id: bool = False
    unit: str = ""
    meaning: str
    in_grid: bool = True
    in_breakdown: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a case that hold it."""
        return (f"{self.name}_begin", f"{self.name}_end") if self.kind == "pair" else (self.name,)

    @property
    def names(self) -> tuple[str, ...]:
        """The choices of a name as texts, with "none" first where there may be none."""
        return (*(["none"] if self.absent else []), *self.choices) if self.choices else ()

    @property
    def meanings(self) -> tuple[str, ...]:
        """The meaning of each field, with that of None."""
        none = f"; none: {self.absent}" if self.absent else ""
        sides = ("start", "end") if self.kind == "pair" else ("",)
        return tuple(self.meaning.format(side=side) + none for side in sides)


Table = Mapping[str, Parameter]
"""Parameters by their names."""

PARAMETERS: Final[Table] = {
    each.name: each
    for each in (
        Parameter(name="ndim", prefix="d", always_in_id=True, unit="axes",
                  meaning="number of spatial axes"),
        Parameter(name="i", per_axis=True, is_size=True, prefix="i", always_in_id=True,
                  unit="elements", meaning="input size per axis"),
        Parameter(name="k", aliases=("kernel_size", "kernel_shape", "kernel"), per_axis=True,
                  is_size=True, prefix="k", always_in_id=True, unit="taps",
                  meaning="kernel size per axis"),
        Parameter(name="s", aliases=("stride", "strides", "window_strides"), per_axis=True,
                  default=1, prefix="s", unit="elements", meaning="stride per axis"),
        Parameter(name="p", kind="pair", per_axis=True, default=0, prefix="p", unit="elements",
                  meaning="crop at the {side} per axis; negative adds zeros"),
        Parameter(name="output_padding", letter="op", per_axis=True, default=0,
                  absent="not given, an open case", prefix="op", unit="elements",
                  meaning="extra size at the end per axis"),
        Parameter(name="dilation", letter="d",
                  aliases=("dilation_rate", "dilations", "rhs_dilation", "kernel_dilation"),
                  per_axis=True, default=1, prefix="d", unit="elements",
                  meaning="distance of two taps per axis"),
        Parameter(name="groups", aliases=("g", "group", "feature_group_count"), default=1,
                  prefix="g", meaning="number of groups"),
        Parameter(name="padding", aliases=("auto_pad",), kind="name", default=None,
                  absent="p_begin and p_end apply", choices=POLICIES, meaning="padding policy"),
        Parameter(name="o", aliases=("output_shape", "output_size"), per_axis=True, default=None,
                  absent="not requested", prefix="o", unit="elements",
                  meaning="requested output size per axis", in_breakdown=False),
        Parameter(name="n", is_size=True, default=1, prefix="n", meaning="batch size"),
        Parameter(name="c_in", is_size=True, default=2, prefix="ci", always_in_id=True,
                  unit="channels", meaning="channels of the input"),
        Parameter(name="c_out", is_size=True, default=4, prefix="co", always_in_id=True,
                  unit="channels", meaning="channels of the output"),
        Parameter(name="dtype", kind="name", default="float32", choices=DTYPES, always_in_id=True,
                  meaning="element type"),
        Parameter(name="bias", kind="flag", default=True, prefix="nobias",
                  meaning="whether a bias is added"),
        Parameter(name="values", kind="name", default=VALUES[0],
                  choices={name: name for name in VALUES}, meaning="kind of input values",
                  in_grid=False),
        Parameter(name="malformed", kind="name", default=None, absent="the tensors fit",
                  choices={name: each.token for name, each in MALFORMED.items()},
                  meaning="how the tensors do not fit", in_breakdown=False),
    )
}  # fmt: skip
"""Every parameter, in the order of case ids and of the columns of a result."""


def fields_of(table: Table = PARAMETERS) -> tuple[str, ...]:
    """Return the fields that a case has for these parameters."""
    return tuple(name for parameter in table.values() for name in parameter.fields)


def grid_keys(table: Table = PARAMETERS) -> tuple[str, ...]:
    """Return the parameters that a `[[grid]]` may give."""
    return tuple(name for name, each in table.items() if each.in_grid)


def sweep_order(table: Table = PARAMETERS) -> tuple[Parameter, ...]:
    """Return the parameters in the order in which grids multiply them out and sort by them.

    Those that are absent by default come last, so that a new one leaves the old order as it was.
    """
    return tuple(sorted(table.values(), key=lambda parameter: parameter.default is None))


def markdown(table: Table = PARAMETERS) -> str:
    """Return the parameters as a table in Markdown, as the documentation shows it."""
    lines = ["| name | in an id | unit | default | meaning |", "|---|---|---|---|---|"]
    for parameter in table.values():
        default = "required" if parameter.default is REQUIRED else _toml(parameter.default)
        names = " or ".join(f"`{name}`" for name in (parameter.name, parameter.letter) if name)
        meaning = parameter.meaning.format(side="start and at the end")
        choices = f": {', '.join(map(_toml, parameter.choices))}" if parameter.choices else ""
        none = f"; none: {parameter.absent}" if parameter.absent else ""
        typed = f"; also typed as {', '.join(map(_toml, parameter.aliases))}"
        meaning += choices + none + typed * bool(parameter.aliases)
        cells = (names, _in_id(parameter), parameter.unit, default, meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _in_id(parameter: Parameter) -> str:
    """Return an example of what an id says of a parameter, at another value than its default."""
    match parameter.kind:
        case "flag":
            return f"`{parameter.prefix}`"
        case "name":
            return f"`{list(parameter.choices.values())[-1]}`"
        case "pair":
            return f"`{parameter.prefix}1.0x2`"
    if parameter.name == "ndim":
        return f"`2{parameter.prefix}`"
    return f"`{parameter.prefix}{'3x2' if parameter.per_axis else '3'}`"


def _toml(value: object) -> str:
    """Return a value as a configuration writes it."""
    text = "none" if value is None else value
    return f"`{str(value).lower() if isinstance(value, bool) else text}`"
