"""What runs in worker processes: the source's call, the search for the target's, and its file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tconv.adapters import lowering, registry
from tconv.adapters.base import Adapter
from tconv.analysis.atlas.entry import Entry
from tconv.engine.worker import heartbeat
from tconv.engine.worker.entry import load_adapter
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.outcome import InferredShape
from tconv.model.route import Composed, Native, Unsupported
from tconv.model.target import Target
from tconv.model.tensors import Tensors
from tconv.translation.candidate import Candidate
from tconv.translation.module_file import module_file, why_no_module
from tconv.translation.python_file import (
    FileStyle,
    Form,
    Port,
    PythonFile,
    function_file,
    pads_of,
)
from tconv.translation.search import Search
from tconv.translation.source import Impossible, SourceCall, layout_of, refused_at
from tconv.translation.weights_file import weights_file

Output = NDArray[Any] | str
"""A result (n, c_out, *o), or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TargetCall:
    """The call of the target, and what it returned.

    Attributes:
        target: backend, mode and device that are called.
        candidate: the call and the correction after it.
        call: the call as a user would name it.
        file: the Python file.
        outputs: what its function returned, one per sample.
    """

    target: Target
    candidate: Candidate
    call: str
    file: PythonFile
    outputs: tuple[Output, ...] = ()


def load(backend: str) -> bool:
    """Load the framework of a backend; return True.

    Raises:
        UnavailableError: it is not installed.
    """
    return load_adapter(backend) is not None


def modes_with_snippet(targets: Sequence[Target]) -> list[Target]:
    """Return the modes of one backend whose calls its adapter writes as source text.

    Raises:
        UnavailableError: the framework is not installed.
    """
    plain = [Case.from_parameters(ndim=ndim, i=2, k=2, output_padding=0) for ndim in (1, 2, 3)]
    adapter = registry.writer(targets[0].backend) or load_adapter(targets[0].backend)
    return [
        target
        for target in targets
        if any(adapter.snippet(case, target.mode, target.device) for case in plain)
    ]


def run_source(sources: Sequence[SourceCall]) -> SourceCall | Impossible:
    """Return the first mode that has one call for the query, else one with a step beside its call.

    It comes with what it computes.
    """
    reasons = []
    composed: SourceCall | None = None
    for source in sources:
        match _run_source(source):
            case Impossible(reason=reason):
                reasons.append(f"{source.target}: {reason}")
            case SourceCall(addition="") as native:
                return native
            case call:
                composed = composed or call
    return composed or Impossible(reason="; ".join(dict.fromkeys(reasons)))


def known_source(sources: Sequence[SourceCall]) -> SourceCall | Impossible:
    """Return what :func:`run_source` would, as far as adapters know it without their framework."""
    adapter = registry.writer(sources[0].target.backend)
    if adapter is None:
        return sources[0]
    reasons = []
    composed: SourceCall | None = None
    for source in sources:
        case = source.query.case(source.samples[0])
        match lowering.route(adapter, case, source.target.mode, source.target.device):
            case Unsupported(reason=reason):
                reasons.append(f"{source.target}: {reason}")
            case _ if source.refusal:
                reasons.append(f"{source.target}: {source.refusal}")
            case Composed(addition=addition):
                composed = composed or replace(source, addition=addition)
            case _:
                return source
    return composed or Impossible(reason="; ".join(dict.fromkeys(reasons)))


def _run_source(source: SourceCall) -> SourceCall | Impossible:
    target, query = source.target, source.query
    adapter = load_adapter(target.backend)
    addition, outputs = "", []
    with adapter.session(target.mode, target.device):
        for sizes in dict.fromkeys((*source.samples, *source.probes)):
            case = query.case(sizes)
            match lowering.route(adapter, case, target.mode, target.device):
                case Unsupported(reason=reason):
                    return Impossible(reason=reason)
                case Composed(addition=step):
                    addition = step
            is_sample = sizes in source.samples
            output = _output(
                adapter, case, target, draw(case).tensors if is_sample else _ones(case)
            )
            if isinstance(output, str):
                return Impossible(reason=f"{refused_at(case)}{output}")
            outputs += [output] * is_sample
    return replace(source, addition=addition, outputs=tuple(outputs))


def find_target_call(
    source: SourceCall,
    entries: Mapping[Target, Sequence[Entry]],
    style: FileStyle,
    adapter: Adapter | None = None,
) -> TargetCall | Impossible:
    """Return the first mode's call that needs nothing beside it, else the first one, or none.

    Args:
        source: the call of the source; where it was run, that of the target is run, too.
        entries: what the atlas knows of each mode of the target.
        style: how it is written.
        adapter: that of the target where nothing is run; None: the one of this process.
    """
    calls: list[TargetCall] = []
    reasons = []
    for target, of_mode in entries.items():
        match _search(source, target, of_mode, style, adapter):
            case Impossible(reason=reason):
                reasons.append(f"{target}: {reason}")
            case call:
                calls.append(call)
                if call.candidate.is_native:
                    break
    if not calls:
        return Impossible(reason="; ".join(dict.fromkeys(reasons)))
    best = calls[-1] if calls[-1].candidate.is_native else calls[0]
    if not source.outputs:
        return best
    try:
        return replace(best, outputs=tuple(_run(best, source)))
    except ImportError as error:
        return Impossible(reason=f"what is written cannot be run here, give --no-run: {error}")


def avoid(fatal: Mapping[int, str]) -> None:
    """Make none of these calls, which ended a process before: number of the call -> how."""
    _fatal.update(fatal)


_fatal: dict[int, str] = {}  # of this process


def _output(adapter: Adapter, case: Case, target: Target, tensors: Tensors) -> Output:
    """Return what the framework computes, or why it does not; if it ends the process, which did."""
    number = crc32(f"{target} {case.id}".encode())
    if number in _fatal:
        return _fatal[number]
    heartbeat.beat(number)
    output = _computed(adapter, case, target, tensors)
    heartbeat.beat()
    return output


def _computed(adapter: Adapter, case: Case, target: Target, tensors: Tensors) -> Output:
    lowered, operands = lowering.call(adapter, case, tensors)
    match adapter.attempt(lowered, operands, target.mode, target.device):
        case InferredShape():
            return "it infers shapes and computes nothing"
        case BaseException() as error:  # a framework may exit
            first, *more = f"{type(error).__name__}: {error}".splitlines()
            return f"{first} {more[-1]}" if more and first.endswith(":") else first
        case y:
            return y


def _search(
    source: SourceCall,
    target: Target,
    entries: Sequence[Entry],
    style: FileStyle,
    writer: Adapter | None,
) -> TargetCall | Impossible:
    inner = source.after_padding
    adapter = writer or load_adapter(target.backend)
    session = nullcontext() if writer else adapter.session(target.mode, target.device)
    with session:
        candidate = Search(
            query=inner.query,
            windows=inner.windows,
            entries=entries,
            samples=inner.samples,
            route=lambda case: adapter.route(case, target.mode, target.device),
            refusal=lambda case: _refusal(adapter, case, target, runs=writer is None),
        ).run()
        if isinstance(candidate, Impossible):
            return candidate
        candidate = replace(candidate, padding=source.padding)
        own, into = layout_of(source.target), layout_of(target)
        # Padding adds zeros, and the bias belongs there, too: it is added afterwards; also where
        # it would be split.
        is_last = pads_of(candidate.correction, into) or candidate.split_into > 1
        case = replace(candidate.case, bias=not is_last)
        snippet = adapter.snippet(case, target.mode, target.device)
        route = adapter.route(candidate.case, target.mode, target.device)
    assert snippet is not None  # the search takes no call without one
    assert isinstance(route, Native)
    if not (case.bias or snippet.bias):
        return Impossible(reason="its adapter does not write how b is added after the call")
    port = Port(
        candidate=candidate, snippet=snippet, source=source.target, target=target, own=own,
        into=into, keeps_layout=style.keeps_layout,
    )  # fmt: skip
    file = _file(port, style)
    if isinstance(file, Impossible):
        return file
    return TargetCall(target=target, candidate=candidate, call=route.call, file=file)


def _file(port: Port, style: FileStyle) -> PythonFile | Impossible:
    match style.form:
        case Form.MODULE:
            reason = why_no_module(port)
            return Impossible(reason=reason) if reason else module_file(port)
        case Form.WEIGHTS:
            return weights_file(port)
        case _:
            return function_file(port, style.function)


def _refusal(adapter: Adapter, case: Case, target: Target, *, runs: bool) -> str | None:
    """Return why the call cannot be used: its text or its computation is missing; or None.

    Where nothing is run, legal calls are expected to be computed, and no others.
    """
    if adapter.snippet(case, target.mode, target.device) is None:
        return "its adapter does not write this call as source text"
    if not runs:
        legality, reason = case.legality
        return None if legality == "legal" else f"not known without running it, as {reason}"
    output = _output(adapter, case, target, _ones(case))
    return output if isinstance(output, str) else None


def _ones(case: Case) -> Tensors:
    """Return tensors of a case that only show whether it is computed."""
    dtype = PRECISIONS[case.dtype].dtype
    x, w, b = (np.ones(shape, dtype) for shape in (case.x_shape, case.w_shape, case.b_shape))
    return Tensors(x=x, w=w, b=b)


def _run(call: TargetCall, source: SourceCall) -> Iterator[Output]:
    """Yield what the file computes at each sample, from the same arrays as the source."""
    own, border = layout_of(source.target), call.file.border
    adapter = load_adapter(call.target.backend)
    with adapter.session(call.target.mode, call.target.device):
        run = call.file.load()
        for sizes in source.samples:
            case = source.query.case(sizes)
            tensors = draw(case).tensors
            x, w, b = border.x(tensors.x), own.w(tensors.w, case.groups), tensors.b
            weights = own.checkpoint.of(w, b)
            number = crc32(f"file {call.target} {case.id}".encode())
            if number in _fatal:
                yield f"the file does not run: {_fatal[number]}"
                continue
            heartbeat.beat(number)
            try:
                y = run(x=x, w=w, b=b, weights=weights, c_in=case.c_in, c_out=case.c_out)["y"]
                output: Output = border.y(_array(y, tensors.x.dtype))
            except Exception as error:  # noqa: BLE001 # the framework's, of whatever kind
                output = f"the file raised {type(error).__name__}: {error}"
            heartbeat.beat()
            yield output


def _array(y: Any, dtype: np.dtype[Any]) -> NDArray[Any]:  # noqa: ANN401 # a framework's tensor
    """Return a tensor as an array; bfloat16, which not all give to NumPy, by its numbers."""
    y = y.detach() if hasattr(y, "detach") else y
    try:
        return np.asarray(y)
    except TypeError:
        return np.array(y.tolist(), dtype)
