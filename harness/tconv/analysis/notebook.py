"""What a notebook shows of a run: plain HTML that needs no style sheet, script or network."""

from collections.abc import Iterable, Mapping
from html import escape

_LEFT = 'style="text-align:left"'


def page(*, path: str, facts: Mapping[str, object], totals: Mapping[str, Mapping[str, int]]) -> str:
    """Return a caption and a table of counts: a row per target, a column per verdict.

    Args:
        path: the run directory.
        facts: what to say of the whole run, in this order; an absent one is left out.
        totals: target -> verdict -> number of rows. Every target has the same verdicts.
    """
    known = (f"{escape(name)} {_code(value)}" for name, value in facts.items() if value is not None)
    verdicts = list(next(iter(totals.values()), {}))
    head = _row([f"<th {_LEFT}>target</th>", *(f"<th>{escape(name)}</th>" for name in verdicts)])
    body = "".join(
        _row([f"<th {_LEFT}>{_code(target)}</th>", *(f"<td>{counts[v]:,}</td>" for v in verdicts)])
        for target, counts in totals.items()
    )
    return (
        f"<div><p>run {_code(path)}<br>{', '.join(known)}</p>"
        f"<table><thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _code(value: object) -> str:
    return f"<code>{escape(str(value))}</code>"
