"""Reads claims from a TOML file; every error names its place."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)

from tconv.analysis.claims.arithmetic import QUANTITIES
from tconv.analysis.claims.claim import LONGEST_QUOTATION, Claim, ComputedQuantity, MeasuredQuantity
from tconv.errors import ClaimError, shortened
from tconv.grid import values as notation
from tconv.grid.config import BUNDLED, LARGEST_FILE
from tconv.model.predicate.expression import Expression
from tconv.text_file import read_text

CLAIMS: Final = "configs/claims.toml"
"""The claims that come with tconv."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A statement about numbers, and the test that shows it.

    Attributes:
        name: short and unique.
        title: what it says, in a line.
        quotation: the source's own words, at most 15 of them.
        source: author, title, place.
        verdict: what is true of it.
        test: the test that shows that, `tests/test_x.py::test_name`.
    """

    name: str
    title: str
    quotation: str
    source: str
    verdict: str
    test: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Everything that a file of claims holds, in its order."""

    claims: tuple[Claim, ...]
    laws: tuple[Law, ...]


def _short(text: str) -> str:
    if len(text.split()) > LONGEST_QUOTATION:
        raise ValueError(f"a quotation has {LONGEST_QUOTATION} words at most")
    return text


def _domain(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {name: notation.integers(values) for name, values in value.items()}


_Expression = Annotated[Expression, BeforeValidator(lambda text: Expression.from_text(str(text)))]
_Conditions = Annotated[
    tuple[_Expression, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)
]
_Quotation = Annotated[str, AfterValidator(_short)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: str
    title: str
    quotation: _Quotation
    source: str


class _LawTable(_Table):
    test: str
    verdict: str


class _ClaimTable(_Table):
    quantity: str
    formula: _Expression
    where: _Conditions = ()
    domain: Annotated[dict[str, Any] | None, BeforeValidator(_domain)] = None
    target: str | None = None
    asked: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _require_one_truth(self) -> Self:
        if (self.domain is None) == (self.target is None):
            raise ValueError("a claim has either a domain or a target")
        quantities = QUANTITIES if self.domain is not None else ("size", "begin", "end")
        if self.quantity not in quantities:
            raise ValueError(f"quantity is one of {', '.join(quantities)}")
        return self

    def to_claim(self) -> Claim:
        about: ComputedQuantity | MeasuredQuantity
        if self.domain is not None:
            about = ComputedQuantity(quantity=self.quantity, domain=self.domain)
        else:
            assert self.target is not None
            about = MeasuredQuantity(
                target=self.target, quantity=self.quantity, arguments=self.asked
            )
        common = {name: getattr(self, name) for name in ("name", "title", "quotation", "source")}
        return Claim(**common, about=about, formula=self.formula, where=self.where)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: list[_ClaimTable] = []
    law: list[_LawTable] = []


def load_claims(path: str | Path = CLAIMS) -> Claims:
    """Return the claims that a TOML file holds; the default is found from any directory.

    Raises:
        ClaimError: the file is missing, is no TOML, or has a value that does not belong there.
    """
    chosen = Path(path)
    if str(path) == CLAIMS and not chosen.is_file():
        chosen = next((f / chosen.name for f in BUNDLED if (f / chosen.name).is_file()), chosen)
    try:
        return from_mapping(tomllib.loads(read_text(chosen, LARGEST_FILE)), str(path))
    except OSError as error:
        why = error.strerror or str(error)
        raise ClaimError(f"{path}: {why}; give a file such as {CLAIMS}") from None
    except (ValueError, RecursionError) as error:
        raise ClaimError(f"{path}: not valid TOML: {shortened(error)}; fix it there") from None


def from_mapping(tables: Mapping[str, object], path: str = "claims") -> Claims:
    """Return the claims that parsed TOML holds.

    Raises:
        ClaimError: as for :func:`load_claims`.
    """
    try:
        document = _Document.model_validate(tables)
    except ValidationError as error:
        lines = (
            f"{path}: {_place(each['loc'], tables)}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        )
        raise ClaimError("\n".join(lines)) from None
    claims = tuple(table.to_claim() for table in document.claim)
    laws = tuple(
        Law(**{name: getattr(table, name) for name in Law.__dataclass_fields__})
        for table in document.law
    )
    names = [*(claim.name for claim in claims), *(law.name for law in laws)]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ClaimError(f"{path}: names={', '.join(double)}, but each should be there once")
    return Claims(claims=claims, laws=laws)


def _place(location: tuple[int | str, ...], tables: Mapping[str, object]) -> str:
    """Return `[[claim]] guide-8: formula` for a place in the tables."""
    match location:
        case (str(table), int(at), *rest):
            entries: Any = tables[table]
            name = entries[at].get("name", at + 1) if isinstance(entries[at], dict) else at + 1
            return f"[[{table}]] {name}: {'.'.join(map(str, rest)) or 'the table'}"
        case _:
            return ".".join(map(str, location))
