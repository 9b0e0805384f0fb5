"""The judged rows of a run, as the search for findings reads them: numbers only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tconv.analysis.clusters.evidence import Symptom
from tconv.analysis.clusters.judged_cases import PER_AXIS, Index, JudgedCases, smallest
from tconv.model.parameters import PARAMETERS, fields_of
from tconv.model.verdict import Standpoint
from tconv.store.queries import DEVIATING, RowQueries, verdicts_of

_PASSING: Final = verdicts_of(Standpoint.CONFORMANT)
_TEXT: Final = 600  # characters of an error that may tell causes apart


@dataclass(frozen=True, slots=True, eq=False)
class TargetRows:
    """The judged rows of one target that has deviations.

    Attributes:
        target: where.
        passing: numbers of the cases of its conforming rows, rising.
        cases: numbers of the cases of its deviating rows.
        evidence: what each of these rows shows, as numbers.
        places: where each of them stands in the run.
    """

    target: str
    passing: Index
    cases: Index
    evidence: Index
    places: Index


@dataclass(frozen=True, slots=True, eq=False)
class Deviations:
    """The deviating rows of a run, and the passing ones that they are held against.

    Attributes:
        cases: the parameters of all cases that were judged on a target with deviations.
        evidence: every kind of evidence, by its number.
        targets: the rows of each target that has deviations, in the order of the run.
    """

    cases: JudgedCases
    evidence: tuple[Symptom, ...]
    targets: tuple[TargetRows, ...]

    @classmethod
    def from_rows(cls, rows: RowQueries) -> Self:
        """Return the deviations among a run's rows."""
        rows.create("deviating", f"""
            SELECT place, target, "case", verdict, reading,
                regexp_replace(reason, '[0-9]+', '#', 'g') AS reason, error_type,
                regexp_replace(left(error_text, {_TEXT}), '[0-9]+', '#', 'g') AS error_text
            FROM rows WHERE verdict IN {DEVIATING}
        """)  # fmt: skip
        rows.create("shown", """
            SELECT verdict, reading, reason, error_type, error_text,
                row_number() OVER (ORDER BY min(place)) - 1 AS evidence
            FROM deviating GROUP BY ALL
        """)  # fmt: skip
        rows.create(
            "explained",
            """
            SELECT place, evidence FROM deviating JOIN shown ON shown.verdict = deviating.verdict
                AND shown.reading IS NOT DISTINCT FROM deviating.reading
                AND shown.reason IS NOT DISTINCT FROM deviating.reason
                AND shown.error_type IS NOT DISTINCT FROM deviating.error_type
                AND shown.error_text IS NOT DISTINCT FROM deviating.error_text
        """,
        )
        rows.create("judged", f"""
            SELECT place, target, "case" FROM rows
            WHERE (verdict IN {_PASSING} OR verdict IN {DEVIATING})
                AND target IN (SELECT target FROM deviating)
        """)  # fmt: skip
        rows.create("cases", """
            SELECT "case", min(place) AS place,
                row_number() OVER (ORDER BY min(place)) - 1 AS number
            FROM judged GROUP BY "case"
        """)  # fmt: skip
        evidence = tuple(
            Symptom.from_row(verdict, reading, reason, ": ".join(filter(None, (kind, text))))
            for verdict, reading, reason, kind, text in rows.run(
                "SELECT verdict, reading, reason, error_type, error_text FROM shown "
                "ORDER BY evidence"
            )
        )
        distinct = {each: at for at, each in enumerate(dict.fromkeys(evidence))}
        numbers = np.array([distinct[each] for each in evidence], dtype=np.int64)
        return cls(
            cases=_cases(rows), evidence=tuple(distinct), targets=tuple(_targets(rows, numbers))
        )


def _cases(rows: RowQueries) -> JudgedCases:
    """Return the parameters of the table `cases`."""
    (width,) = next(rows.run("SELECT coalesce(max(ndim), 1) FROM rows JOIN cases USING (place)"))
    columns = []
    for name in fields_of():
        if name in PER_AXIS:
            axes = [f'coalesce("{name}"[{at}], "{name}"[1], 0)' for at in range(1, width + 1)]
            columns += [f"{axis} AS {name}_{at}" for at, axis in enumerate(axes)]
            columns.append(f'"{name}" IS NULL AS {name}_absent')
        elif PARAMETERS[name].kind == "name":
            columns.append(f'coalesce("{name}", \'none\') AS "{name}"')
        else:
            columns.append(f'"{name}"')
    table = rows.table(
        f"SELECT {', '.join(columns)} FROM rows JOIN cases USING (place) ORDER BY number"
    )
    arrays: dict[str, NDArray[Any]] = {}
    absent: dict[str, NDArray[np.bool_]] = {}
    texts: dict[str, NDArray[np.str_]] = {}
    for name in fields_of():
        if name in PER_AXIS:
            values = [_array(table[f"{name}_{at}"]) for at in range(width)]
            arrays[name] = smallest(np.stack(values, axis=1))
            absent[name] = _array(table[f"{name}_absent"])
        elif PARAMETERS[name].kind == "name":
            encoded = table[name].combine_chunks().dictionary_encode()
            texts[name] = np.array(encoded.dictionary.to_pylist(), dtype=np.str_)
            arrays[name] = smallest(encoded.indices.to_numpy(zero_copy_only=False))
        else:
            arrays[name] = smallest(_array(table[name]))
    return JudgedCases(arrays=arrays, absent=absent, texts=texts)


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    values: NDArray[Any] = column.to_numpy()
    return values


def _targets(rows: RowQueries, numbers: Index) -> Iterator[TargetRows]:
    """Yield the rows of each target; `numbers` are those of distinct evidence."""
    order = rows.run("SELECT target FROM deviating GROUP BY target ORDER BY min(place)")
    for (target,) in list(order):
        name = target.replace("'", "''")
        table = rows.table(f"""
            SELECT judged.place AS place, number, evidence
            FROM judged JOIN cases USING ("case")
            LEFT JOIN explained ON judged.place = explained.place
            WHERE judged.target = '{name}' ORDER BY number
        """)
        deviates = table["evidence"].is_valid().to_numpy()
        number = _array(table["number"])
        yield TargetRows(
            target=target,
            passing=number[~deviates],
            cases=number[deviates],
            evidence=numbers[table["evidence"].drop_null().to_numpy().astype(np.int64)],
            places=_array(table["place"])[deviates],
        )
