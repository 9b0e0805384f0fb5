"""The atlas as a value: every entry of a run, and which run it was; written and read as JSON."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from tconv.analysis.atlas.entry import Entry, entries
from tconv.analysis.atlas.observation import observe
from tconv.analysis.atlas.question import Question
from tconv.errors import AtlasError
from tconv.model.target import Selection, Target

_CLOSE: Final = 0.7  # numpy is another backend than keras-numpy, not a misspelling of it

FORMAT: Final = 3
"""Raised when the JSON form changes its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """The run that the rules were measured in.

    Attributes:
        run: its name.
        digest: digest of its rows.
        started: when it started, ISO 8601.
        tconv: version of tconv.
        versions: version of each framework and of what it computes with, by name.
    """

    run: str
    digest: str
    started: str
    tconv: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """Rules by question.

    Attributes:
        source: the run that they were measured in.
        entries: one for each question, sorted.
    """

    source: MeasuredRun
    entries: tuple[Entry, ...]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], source: MeasuredRun) -> Self:
        """Return the atlas of rows with :data:`tconv.analysis.atlas.observation.COLUMNS`."""
        return cls(source=source, entries=tuple(entries(observe(rows))))

    def of(self, selection: Selection) -> tuple[Entry, ...]:
        """Return the entries of the targets that are selected.

        Raises:
            AtlasError: none is selected; the message lists the targets there are.
        """
        chosen = tuple(e for e in self.entries if selection.includes(_target(e.question)))
        if not chosen:
            targets = list(dict.fromkeys(e.question.target for e in self.entries))
            backends = sorted({_target(e.question).backend for e in self.entries})
            close = difflib.get_close_matches(
                str(selection), [*targets, *backends], n=1, cutoff=_CLOSE
            )
            hint = f"; did you mean {close[0]}?" if close else ""
            own = [each for each in targets if each.startswith(f"{selection.backend}:")]
            raise AtlasError(
                f"target={str(selection)!r}, but should be one of those that the atlas was "
                f"measured on: {', '.join(own or backends)}{hint}"
            )
        return chosen

    def to_json(self, **sections: Iterable[Mapping[str, Any]]) -> str:
        """Return the atlas as JSON text, one record a line, so that changes can be read.

        Args:
            sections: name -> further records in the same text, beside the entries.
        """
        head = json.dumps({"format": FORMAT, "source": asdict(self.source)})[:-1]
        every_section = {"entries": (entry.to_dict() for entry in self.entries), **sections}
        lists = (
            f'"{name}": [\n' + ",\n".join(map(json.dumps, records)) + "\n]"
            for name, records in every_section.items()
        )
        return ", ".join([head, *lists]) + "}\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the atlas that :meth:`to_json` wrote; other sections are ignored.

        Raises:
            AtlasError: the text is something else, or of another version.
        """
        try:
            content = json.loads(text)
            version = content["format"]
            if version == FORMAT:
                return cls(
                    source=MeasuredRun(**content["source"]),
                    entries=tuple(map(Entry.from_dict, content["entries"])),
                )
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, AtlasError):
                raise
            raise AtlasError(
                f"the atlas is damaged ({type(error).__name__}: {error}), but should be what "
                "`tconv atlas RUN --out FILE` writes; write it again"
            ) from error
        raise AtlasError(
            f"format={version!r} of the atlas, but should be {FORMAT}; write it again with "
            "`tconv atlas RUN --out FILE`"
        )


def _target(question: Question) -> Target:
    chosen = Selection.from_text(question.target)
    return Target(backend=chosen.backend, mode=chosen.mode or "", device=chosen.device or "")
