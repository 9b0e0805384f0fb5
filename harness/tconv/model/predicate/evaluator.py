"""The grammar of predicates: simpleeval's safe walk over the syntax tree, made elementwise.

simpleeval decides truth with `if`, which arrays do not have; here `and`, `or`, `not`, `in` and
chained comparisons work cell by cell, and every node that the language does not have is refused.
"""

import ast
import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from simpleeval import SimpleEval

from tconv.errors import PredicateError
from tconv.model.predicate import cells
from tconv.model.predicate.cells import Cells

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

LANGUAGE: Final = (
    "comparisons (also chained), and, or, not, in, + - * // %, min max abs gcd all, "
    "whole numbers, texts, True and False"
)


def _pairwise(name: str, compute: Callable[[Any, Any], Any]) -> Callable[..., Cells]:
    def pair(a: Cells, b: Cells) -> Cells:
        left, right = (cells.require("number", x, name).values for x in (a, b))
        return Cells("number", compute(left, right), a.given & b.given)

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
    return Cells("number", np.abs(cell.values), cell.given)


def _all(*arguments: Cells) -> Cells:
    cell = cells.require("truth", _only("all", arguments), "all")
    return Cells.of("truth", np.asarray(cell.values.all(axis=-1, keepdims=True)))


_FUNCTIONS: Final[dict[str, Callable[..., Cells]]] = {
    "min": _pairwise("min", np.minimum),
    "max": _pairwise("max", np.maximum),
    "gcd": _pairwise("gcd", np.gcd),
    "abs": _abs,
    "all": _all,
}


class Evaluator(SimpleEval):  # type: ignore[misc] # simpleeval has no types
    """Evaluate one syntax tree on named cells."""

    def __init__(self, names: Mapping[str, Cells]) -> None:
        """Evaluate with these cells; a name that is missing raises `PredicateError` by itself."""
        super().__init__(operators=_OPERATORS, functions=_FUNCTIONS, names=names)
        self.nodes = {
            ast.Name: lambda node: names[node.id],
            ast.Constant: lambda node: cells.from_constant(node.value),
            ast.UnaryOp: self._eval_unaryop,
            ast.BinOp: self._eval_binop,
            ast.BoolOp: self._eval_boolop,
            ast.Compare: self._eval_compare,
            ast.Call: self._eval_call,
        }

    def truth(self, tree: ast.expr) -> Cells:
        """Return the truth of `tree` in every cell.

        Raises:
            PredicateError: the tree is outside the language, or mixes kinds.
        """
        return cells.require("truth", self._eval(tree), "the whole")

    def number(self, tree: ast.expr) -> Cells:
        """Return the number that `tree` gives in every cell.

        Raises:
            PredicateError: the tree is outside the language, or mixes kinds.
        """
        return cells.require("number", self._eval(tree), "the whole")

    def _eval(self, node: ast.AST) -> Cells:
        if type(node) not in self.nodes:
            raise PredicateError(
                f"{ast.unparse(node)!r} is outside the language, which has {LANGUAGE}"
            )
        return self.nodes[type(node)](node)

    def _eval_unaryop(self, node: ast.UnaryOp) -> Cells:
        return _operator(node, node.op)(self._eval(node.operand))

    def _eval_binop(self, node: ast.BinOp) -> Cells:
        return _operator(node, node.op)(self._eval(node.left), self._eval(node.right))

    def _eval_boolop(self, node: ast.BoolOp) -> Cells:
        join = cells.conjunction if isinstance(node.op, ast.And) else cells.disjunction
        return join([self._eval(value) for value in node.values])

    def _eval_compare(self, node: ast.Compare) -> Cells:
        lefts = [node.left, *node.comparators]
        links = zip(lefts, node.ops, node.comparators, strict=False)
        return cells.conjunction([self._link(node, *link) for link in links])

    def _link(self, node: ast.Compare, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Cells:
        if not isinstance(op, ast.In | ast.NotIn):
            return _operator(node, op)(self._eval(left), self._eval(right))
        found = self._contained(self._eval(left), right)
        return cells.inversion(found) if isinstance(op, ast.NotIn) else found

    def _contained(self, item: Cells, container: ast.expr) -> Cells:
        if not isinstance(container, ast.Tuple | ast.List | ast.Set) or not container.elts:
            raise PredicateError(
                f"'in' has {ast.unparse(container)!r} on its right, but should have values "
                "in parentheses, as in k in (1, 3)"
            )
        return cells.disjunction(
            [cells.equal(item, self._eval(element)) for element in container.elts]
        )

    def _eval_call(self, node: ast.Call) -> Cells:
        name = ast.unparse(node.func)
        if name not in _FUNCTIONS or node.keywords:
            raise PredicateError(f"call={ast.unparse(node)!r}, but should be one of min max abs "
                                 "gcd all, without keywords")  # fmt: skip
        return _FUNCTIONS[name](*map(self._eval, node.args))


def _operator(node: ast.AST, op: ast.AST) -> Callable[..., Cells]:
    if type(op) not in _OPERATORS:
        raise PredicateError(
            f"operator {type(op).__name__} in {ast.unparse(node)!r} is outside the language, "
            f"which has {LANGUAGE}"
        )
    return _OPERATORS[type(op)]
