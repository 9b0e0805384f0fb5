"""The findings of a run: what deviates where, as a person reads it, with the smallest case."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from tconv.analysis.clusters import Cluster
from tconv.analysis.clusters.evidence import SEPARATOR
from tconv.analysis.clusters.separation import MOST_TERMS
from tconv.analysis.clusters.variation import Variation
from tconv.analysis.rerun import rerun_command
from tconv.analysis.summary import Summary
from tconv.errors import pluralize

_ID_DIGITS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Deviating rows that one cause and one predicate explain.

    Attributes:
        cluster: the rows, their causes and the predicate.
        verdicts: their verdicts, the most frequent first, and the number of rows of each.
        smallest: the row with the fewest products, as a mapping of columns; None where absent.
        variations: what becomes of that case where one parameter alone differs, as far as the run
            has such cases.
        command: the shell command that reruns that row.
    """

    cluster: Cluster
    verdicts: Mapping[str, int]
    smallest: Mapping[str, Any]
    variations: tuple[Variation, ...]
    command: str

    @cached_property
    def id(self) -> str:
        """Ten hexadecimal digits: a hash of targets, verdicts, causes and predicate."""
        causes = [part for cause in self.cluster.causes for part in (cause.reading, cause.text)]
        content = (*self.targets, *sorted(self.verdicts), *causes, self.predicate)
        return hashlib.sha256("\0".join(content).encode()).hexdigest()[:_ID_DIGITS]

    @property
    def targets(self) -> tuple[str, ...]:
        """Where they were seen, of one library."""
        return self.cluster.targets

    @property
    def predicate(self) -> str:
        """The condition that separates them from the passing rows of these targets."""
        return self.cluster.predicate

    @property
    def count(self) -> int:
        """Number of rows."""
        return sum(self.verdicts.values())

    @cached_property
    def reading(self) -> str:
        """The semantics that reproduces them, or else why the smallest row has its verdict."""
        readings = [cause.reading for cause in self.cluster.causes if cause.reading]
        return SEPARATOR.join(readings) or self.smallest["reason"] or ""

    @property
    def evidence(self) -> str:
        """The framework's own error in the smallest row, or how its process ended."""
        shown = [self.smallest[name] for name in ("reason", "error_type", "error_text")]
        return ": ".join(text for text in shown if text and text != self.reading)

    @property
    def may_vary(self) -> tuple[Variation, ...]:
        """The parameters of the smallest case that may vary without changing its verdict."""
        return tuple(each for each in self.variations if not each.other)

    @property
    def decisive(self) -> tuple[Variation, ...]:
        """The parameters of the smallest case of which some other value changes its verdict."""
        return tuple(each for each in self.variations if each.other)

    @property
    def held_against(self) -> str:
        """What the predicate separates, in words."""
        cluster = self.cluster
        passing = pluralize(cluster.passing, "passing row")
        if not cluster.passing:
            return "no row passes here, so every case is covered"
        if cluster.is_exact:
            return f"holds for all of them and for none of {passing}"
        return (
            f"no condition of up to {MOST_TERMS} terms separates them; this one misses "
            f"{cluster.missed:,} of {self.count:,} rows and covers {cluster.wrong:,} of {passing}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON and CSV hold it: texts, numbers, lists and mappings of these."""
        cluster = self.cluster
        return {
            "id": self.id,
            "targets": list(self.targets),
            "verdicts": dict(self.verdicts),
            "rows": self.count,
            "reading": self.reading,
            "predicate": self.predicate,
            "is_exact": cluster.is_exact,
            "precision": round(cluster.precision, 4),
            "recall": round(cluster.recall, 4),
            "passing": cluster.passing,
            "missed": cluster.missed,
            "covered_passing": cluster.wrong,
            "call": self.smallest["call"],
            "case": self.smallest["case"],
            "may_vary": {each.parameter: list(each.same) for each in self.may_vary},
            "decides": {each.parameter: list(each.other) for each in self.decisive},
            "evidence": self.evidence,
            "command": self.command,
        }


def findings(summary: Summary) -> tuple[Finding, ...]:
    """Return a run's findings, in the order of targets; the largest first."""
    config = summary.run.header["config_path"] or str(summary.run.path)
    examples = summary.examples
    return tuple(
        Finding(
            cluster=cluster, verdicts=counts, smallest=row, variations=variations,
            command=rerun_command(config, row["case"], row["target"]),
        )
        for cluster, counts, row, variations in zip(
            summary.clusters, examples.counts, examples.smallest(), summary.variations, strict=True
        )
    )  # fmt: skip
