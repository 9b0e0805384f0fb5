"""The command line, `tconv`: runs one command and turns whatever ends it into an exit status.

Commands import what they need when they run, so that help, versions and usage errors come at once.
"""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import StringIO, TextIOWrapper
from types import MappingProxyType
from typing import Any, Final, NoReturn

import click

from tconv._version import __version__
from tconv.errors import IncompleteError, TconvError, bounded, shortened
from tconv.runs.exit_status import ExitStatus

EPILOG = """\b
Examples:
  tconv run configs/smoke.toml            sweep, and write reports/smoke-<time>/
  tconv run --dry-run configs/smoke.toml  print what would be swept
  tconv run --resume reports              complete the newest interrupted run
  tconv merge a/smoke-* b/smoke-*         join the shards of one grid
  tconv report                            rewrite the reports of the newest run
  tconv explain keras-jax padding=same k=3 s=2 i=7
  tconv translate --from keras-tensorflow padding=same k=3 s=2 --to torch
  tconv adapters list                     show backends, modes and versions

\b
Exit status of a sweep, the first that applies:
  2 wrong usage or configuration   3 nothing compared, or a required backend missing
  4 incomplete                     1 something deviates        0 everything conforms
"""

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)

_COMMANDS: Final = MappingProxyType(
    {
        "run": ("run", "Sweep a grid over targets and write reports."),
        "merge": ("merge", "Join the shards of one grid."),
        "report": ("report", "Rewrite the reports of a run."),
        "atlas": ("atlas", "Infer the rules of open cases from a run."),
        "acceptance": ("acceptance", "Show which targets accept faulty parameters."),
        "explain": ("explain_case", "Show which window one call returns, and why."),
        "translate": ("translate_call", "Turn a call of one framework into another's."),
        "sizes": ("sizes", "Find the parameters that give an output size."),
        "adapters": ("adapters", "List the backends, or check an adapter."),
        "claims": ("claims", "Check published statements."),
        "compatibility": ("compatibility", "Print how frameworks resolve open shapes."),
        "bench": ("bench", "Measure the harness itself."),
    }
)
"""Command to its function, in the module of the command's name, and its line in `tconv --help`."""


class Commands(click.Group):
    """The commands, each imported only when it is called; the most used come first."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # click's signature
        """Return the names in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 # click's signature
        """Import and return a command, or None if there is none of this name."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"{__name__}.{cmd_name}")
        command: click.Command = getattr(module, _COMMANDS[cmd_name][0])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 # click's signature
        """Write the list of commands without importing them, which click would do."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:  # noqa: ANN401 # click's signature
        """Read the options; help and version are printed meanwhile."""
        with _closed_pipe_is_incomplete():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        with _closed_pipe_is_incomplete():
            return super().invoke(ctx)


@contextmanager
def _closed_pipe_is_incomplete() -> Iterator[None]:
    """Make a closed pipe, as of `| head`, status 4: click would make it 1, as of a deviation."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
        sys.exit(ExitStatus.INCOMPLETE)


def _print_error(text: str) -> None:
    """Print on stderr; where nobody reads it any more, the exit status still says enough."""
    try:
        click.echo(text, err=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # for the last flush


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tconv")
def cli() -> None:
    """Run transposed convolutions through many frameworks and show what differs, and why."""


def _interrupt(*_: object) -> NoReturn:
    """Interrupt the command once: a second Ctrl-C must not cut short the two seconds of shutdown.

    In that time the workers are stopped, and the message that says how to go on is printed. The
    signal is not ignored: a worker that is just starting would inherit that, and stay alive.
    """
    _set_handler(_do_nothing)
    raise KeyboardInterrupt


def _set_handler(handler: Any) -> None:  # noqa: ANN401 # whatever signal.signal takes
    for number in _STOPPING:
        signal.signal(number, handler)


def _do_nothing(*_: object) -> None:
    """Drop a signal here; unlike SIG_IGN this is not inherited by processes that are started."""


def _shortage(error: OSError | MemoryError) -> str:
    """Return in words what this machine lacks: that is no bug, so it gets no traceback."""
    where = getattr(error, "filename", None)
    reason = getattr(error, "strerror", None) or str(error) or "out of memory"
    place = "" if where is None else f"{shortened(os.fspath(where))}: "
    return "; ".join([f"{place}{reason}", *getattr(error, "__notes__", ())])


def _prepare() -> None:
    """Take the signals that stop a command, and print whatever the streams' encodings lack."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for number in _STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)


def main() -> None:
    """Run the command line; whatever ends it early has its own message and status.

    An error of the user is status 2. A run that was interrupted or stopped, or that hit a bug of
    the harness, is status 4: it must not look like a deviation of a framework.
    """
    _prepare()
    try:
        sys.exit(cli(prog_name="tconv", standalone_mode=False))
    except click.ClickException as error:
        shown = StringIO()
        error.show(shown)
        _print_error(bounded(shown.getvalue().rstrip()))
        sys.exit(ExitStatus.USAGE)
    except IncompleteError as error:
        _print_error(f"tconv: {error}")
        sys.exit(ExitStatus.INCOMPLETE)
    except TconvError as error:
        _print_error(f"tconv: {error}")
        sys.exit(ExitStatus.USAGE)
    except (click.Abort, KeyboardInterrupt) as error:
        notes = getattr(error.__cause__ or error, "__notes__", ["nothing was kept"])
        _set_handler(signal.SIG_IGN)  # no worker is left, and Python drops handlers as it exits
        _print_error(f"tconv: interrupted; {'; '.join(notes)}")
        sys.exit(ExitStatus.INCOMPLETE)
    except (OSError, MemoryError) as error:
        _print_error(f"tconv: {_shortage(error)}")
        is_of_user = getattr(error, "errno", None) == errno.ENAMETOOLONG
        sys.exit(ExitStatus.USAGE if is_of_user else ExitStatus.INCOMPLETE)
    except Exception:  # noqa: BLE001 # the outermost place: it is shown, in full
        _print_error(f"{traceback.format_exc()}tconv: this is a bug in tconv; please report it")
        sys.exit(ExitStatus.INCOMPLETE)
