"""Renders a report from its template, and writes it whole or not at all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from tconv.errors import StoreError
from tconv.store import unwritable


def render(
    template: str,
    content: Mapping[str, Any],
    run: Path | None = None,
    **filters: Callable[..., Any],
) -> str:
    """Return a template of this package, filled in; a name that the content lacks is an error.

    Args:
        template: its file; of one for HTML or SVG the content is escaped.
        content: what the template names.
        run: directory of the run that the content is about.
        filters: what the template applies to values, by name.

    Raises:
        StoreError: the content lacks something, as the header of the run is damaged.
    """
    environment = Environment(
        loader=PackageLoader("tconv.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=template.endswith(".md.j2"),
        autoescape=not template.endswith(".md.j2"),  # noqa: S701 # filters escape for Markdown
    )
    environment.filters |= filters
    try:
        return environment.get_template(template).render(content)
    except UndefinedError as error:
        if run is None:
            raise
        raise StoreError(
            f"header of {run} is damaged: {error}; run the sweep again, nothing was changed"
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to; what was written there replaces `path` unless something fails.

    Raises:
        StoreError: it cannot be written; what was at `path` stays, as it does on any error.
    """
    unfinished = path.with_suffix(".unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    except StoreError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):  # half a report would take the room that the next one needs
            unfinished.unlink(missing_ok=True)
