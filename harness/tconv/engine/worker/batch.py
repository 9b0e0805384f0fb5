"""What a run asks of its worker processes: to describe a backend, and to compute batches of cases.

All that this needs is imported before the framework is: the request comes first.
"""

import time
from collections.abc import Sequence

from tconv.adapters.guard import GuardedAdapter
from tconv.adapters.numpy import NumpyAdapter
from tconv.engine.worker import heartbeat
from tconv.engine.worker.compute import compute_rows, draw_batch
from tconv.engine.worker.describe import BackendDescription, describe_adapter
from tconv.engine.worker.entry import adapter_being_loaded, load_adapter
from tconv.errors import AdapterError, UnavailableError
from tconv.inputs.draw import DrawRecipe, draw
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch


def describe_backend(backend: str) -> BackendDescription | str:
    """Return what the backend says of itself, or why it is unavailable, in words."""
    try:
        return describe_adapter(adapter_being_loaded(backend))
    except UnavailableError as error:
        return str(error)
    except AdapterError as error:
        return f"the adapter of {backend} fails to describe itself: {error}"
    finally:
        heartbeat.beat()  # asking for devices and settings is part of loading, too


def compute_batch(
    cases: Sequence[Case],
    target: Target,
    version: str | None,
    seed: int,
    recipes: Sequence[DrawRecipe | None] = (),
    inference_fault: str | None = None,
) -> tuple[RowBatch, tuple[DrawRecipe, ...], float]:
    """Compute and judge `cases` on `target`.

    Args:
        cases: the cases.
        target: the target.
        version: version of its framework.
        seed: seed of the inputs.
        recipes: those of the cases' draws, as far as known.
        inference_fault: why no shape is inferred; None: it is.

    Returns:
        One row per case, in order; the recipe of each; and the seconds it took, without the loading
        of the framework.
    """
    adapter = load_adapter(target.backend)
    started = time.perf_counter()
    cases = tuple(cases)  # this makes them, if they came as columns
    draws = draw_batch(cases, seed, recipes)
    rows = compute_rows(adapter, cases, draws, target, version, inference_fault)
    row_batch = RowBatch.from_columns(rows)
    return row_batch, tuple(drawn.recipe for drawn in draws), time.perf_counter() - started


def compute_without_adapter(case: Case, seed: int) -> None:
    """Do for one case all that the harness does, where no adapter can disturb it; raise its errors.

    The oracle takes the adapter's place.
    """
    target = Target(backend="numpy", mode="scatter", device="cpu")
    adapter = GuardedAdapter(NumpyAdapter(), target.backend)
    RowBatch.from_columns(compute_rows(adapter, [case], [draw(case, seed)], target, None))
