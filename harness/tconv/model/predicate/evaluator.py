"""The grammar of predicates and formulas: a walk over Python's syntax tree, elementwise.

Nothing is run as Python: nodes outside the language are refused. The walk is our own because truth
is elementwise: `and`, `or`, `not`, `in` and chained comparisons work cell by cell.
"""

import ast
import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from tconv.errors import PredicateError, quoted
from tconv.model.predicate import cells
from tconv.model.predicate.cells import Cells

_LONGEST: Final = 2000
_DEEPEST: Final = 100  # each level takes two of the thousand calls that Python nests

LANGUAGE: Final = (
    "comparisons (also chained), and, or, not, in, + - * // %, min max abs gcd all, "
    "whole numbers, texts, True and False"
)

_OPERATORS: Final[dict[type[ast.AST], Callable[..., Cells]]] = {
    ast.Add: cells.add,
    ast.Sub: cells.subtract,
    ast.Mult: cells.multiply,
    ast.FloorDiv: cells.quotient,
    ast.Mod: cells.remainder,
    ast.USub: cells.negative,
    ast.Not: cells.inversion,
    ast.Eq: cells.equal,
    ast.NotEq: cells.unequal,
    ast.Lt: cells.less,
    ast.LtE: cells.less_or_equal,
    ast.Gt: cells.greater,
    ast.GtE: cells.greater_or_equal,
}


def parse(text: str, what: str, expected: str) -> ast.expr:
    """Return the syntax tree of `text`, which messages call `what`.

    Raises:
        PredicateError: the text is too long, nested too deeply, or is not a Python expression.
    """
    if len(text) > _LONGEST:
        raise PredicateError(f"length of {what}={len(text)}, but should be {_LONGEST} at most")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise PredicateError(f"{what}={quoted(text)}, but should be {expected}: {error}") from None
    except (RecursionError, MemoryError):  # whichever of its stacks Python's parser fills first
        raise _too_deep(text, what) from None
    if _depth(tree) > _DEEPEST:
        raise _too_deep(text, what)
    return tree


def _too_deep(text: str, what: str) -> PredicateError:
    return PredicateError(
        f"{what}={quoted(text)} is nested too deeply, but should have {_DEEPEST} levels at most; "
        "take out parentheses and signs, or split it"
    )


def _depth(tree: ast.AST) -> int:
    """Return how many levels a syntax tree has, without recursion."""
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [node for each in level for node in ast.iter_child_nodes(each)]
    return depth


def evaluate(tree: ast.expr, names: Mapping[str, Cells]) -> Cells:  # noqa: PLR0911 # one per kind of node
    """Return what `tree` gives in every cell; `names` raises `PredicateError` for an unknown name.

    Raises:
        PredicateError: the tree is outside the language, or mixes kinds.
    """
    match tree:
        case ast.Name(id=name):
            return names[name]
        case ast.Constant(value=value):
            return cells.from_constant(value)
        case ast.UnaryOp(op=op, operand=operand):
            return _operator(tree, op)(evaluate(operand, names))
        case ast.BinOp(op=op, left=left, right=right):
            return _operator(tree, op)(evaluate(left, names), evaluate(right, names))
        case ast.BoolOp(op=op, values=values):
            join = cells.conjunction if isinstance(op, ast.And) else cells.disjunction
            return join([evaluate(value, names) for value in values])
        case ast.Compare(left=left, ops=ops, comparators=rights):
            links = zip([left, *rights], ops, rights, strict=False)
            return cells.conjunction([_link(tree, *link, names) for link in links])
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(evaluate(argument, names) for argument in arguments))
        case ast.Call():
            raise PredicateError(
                f"call={quoted(ast.unparse(tree))}, but should be one of {' '.join(FUNCTIONS)}, "
                "without keywords"
            )
    raise PredicateError(
        f"{quoted(ast.unparse(tree))} is outside the language, which has {LANGUAGE}"
    )


def _link(
    node: ast.AST, left: ast.expr, op: ast.cmpop, right: ast.expr, names: Mapping[str, Cells]
) -> Cells:
    """Return one comparison of a chain."""
    item = evaluate(left, names)
    if not isinstance(op, ast.In | ast.NotIn):
        return _operator(node, op)(item, evaluate(right, names))
    if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
        raise PredicateError(
            f"'in' has {quoted(ast.unparse(right))} on its right, but should have values "
            "in parentheses, as in k in (1, 3)"
        )
    contained = cells.disjunction([cells.equal(item, evaluate(each, names)) for each in right.elts])
    return cells.inversion(contained) if isinstance(op, ast.NotIn) else contained


def _operator(node: ast.AST, op: ast.AST) -> Callable[..., Cells]:
    if type(op) not in _OPERATORS:
        raise PredicateError(
            f"operator {type(op).__name__} in {quoted(ast.unparse(node))} is outside the language, "
            f"which has {LANGUAGE}"
        )
    return _OPERATORS[type(op)]


def _pairwise(name: str, compute: Callable[[Any, Any], Any]) -> Callable[..., Cells]:
    def pair(a: Cells, b: Cells) -> Cells:
        left, right = (cells.require("number", x, name).values for x in (a, b))
        return Cells("number", compute(left, right), a.present & b.present, max(a.bound, b.bound))

    def apply(*arguments: Cells) -> Cells:
        if len(arguments) < 2:
            raise PredicateError(
                f"{name} has {len(arguments)} arguments, but should have 2 or more"
            )
        return functools.reduce(pair, arguments)

    return apply


def _only(name: str, arguments: tuple[Cells, ...]) -> Cells:
    if len(arguments) != 1:
        raise PredicateError(f"{name} has {len(arguments)} arguments, but should have 1")
    return arguments[0]


def _abs(*arguments: Cells) -> Cells:
    cell = cells.require("number", _only("abs", arguments), "abs")
    return Cells("number", np.abs(cell.values), cell.present, cell.peak)


def _all(*arguments: Cells) -> Cells:
    cell = cells.require("truth", _only("all", arguments), "all")
    return Cells.of("truth", np.asarray(cell.values.all(axis=-1, keepdims=True)))


FUNCTIONS: Final[dict[str, Callable[..., Cells]]] = {
    "min": _pairwise("min", np.minimum),
    "max": _pairwise("max", np.maximum),
    "abs": _abs,
    "gcd": _pairwise("gcd", np.gcd),
    "all": _all,
}
