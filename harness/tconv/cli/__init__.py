"""The command line, `tconv`: it starts what the rest of the harness does, and says how it went.

What a command needs is imported where it is called: no other command waits for it.
"""

import os
import signal
import sys
import traceback
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, NoReturn

import click

from tconv._version import __version__
from tconv.errors import IncompleteError, TconvError
from tconv.runs.status import ExitStatus

EPILOG = """\b
Examples:
  tconv run configs/smoke.toml          sweep, write reports/smoke-<time>/
  tconv run --dry-run configs/smoke.toml  say what would be swept
  tconv run --resume reports            complete the newest interrupted run
  tconv merge a/smoke-* b/smoke-*       join the shards of one grid
  tconv report                          write the reports of the newest run again
  tconv explain keras-jax padding=same k=3 s=2 i=7
  tconv translate --from keras-tensorflow padding=same k=3 s=2 --to torch
  tconv adapters list                   backends, modes, versions

\b
Exit status of a sweep, the first that applies:
  2 usage or config   3 nothing compared, or a required backend missing
  4 incomplete        1 unexplained deviations        0 everything conforms
"""


_ENDING: Final = (signal.SIGINT, signal.SIGTERM)

_COMMANDS: Final = MappingProxyType(
    {
        "run": "run",
        "merge": "merge",
        "report": "report",
        "atlas": "atlas",
        "acceptance": "acceptance",
        "explain": "explain_case",
        "translate": "translate_call",
        "sizes": "sizes",
        "adapters": "adapters",
        "claims": "claims",
        "compatibility": "compatibility",
        "bench": "bench",
    }
)
"""Function of each command, in the module of the command's name; what is used first comes first."""


class Commands(click.Group):
    """Commands of which a reader of their output may go before it has read all."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # click's signature
        """Return the names, what is used first first."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 # click's signature
        """Return a command, imported for this, or None: there is none of the name."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"{__name__}.{cmd_name}")
        command: click.Command = getattr(module, _COMMANDS[cmd_name])
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a closed pipe is status 4, which click would make 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
            ctx.exit(ExitStatus.INCOMPLETE)


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tconv")
def cli() -> None:
    """Sweep transposed convolutions through frameworks and say what differs, and why."""


def _interrupt(*_: object) -> NoReturn:
    """Interrupt the command once; a second Ctrl-C may not end the end, which takes two seconds.

    Workers are stopped meanwhile, and the message comes that says how the run goes on. A worker
    that is just being started would inherit a signal that is ignored, and so not be stopped.
    """
    _answer_ending(_unheard)
    raise KeyboardInterrupt


def _answer_ending(handler: Any) -> None:  # noqa: ANN401 # whatever signal.signal takes
    for number in _ENDING:
        signal.signal(number, handler)


def _unheard(*_: object) -> None:
    """Do nothing about a signal; a process that is started hears it all the same."""


def main() -> None:
    """Run the command line; whatever ends it early has a message and a status of its own.

    An error of the user's is status 2. A run that was interrupted or stopped, or that met a fault
    of the harness itself, is status 4: it must not look like a framework's deviation.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)
    try:
        sys.exit(cli(prog_name="tconv", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(ExitStatus.USAGE)
    except IncompleteError as error:
        click.echo(f"tconv: {error}", err=True)
        sys.exit(ExitStatus.INCOMPLETE)
    except TconvError as error:
        click.echo(f"tconv: {error}", err=True)
        sys.exit(ExitStatus.USAGE)
    except (click.Abort, KeyboardInterrupt) as error:
        notes = getattr(error.__cause__ or error, "__notes__", ["nothing was kept"])
        _answer_ending(signal.SIG_IGN)  # no worker is left, and an ending Python drops its handlers
        click.echo(f"tconv: interrupted; {'; '.join(notes)}", err=True)
        sys.exit(ExitStatus.INCOMPLETE)
    except Exception:  # noqa: BLE001 # the outermost place: it is shown, in full
        traceback.print_exc()
        click.echo("tconv: this is a fault of the harness itself; please report it", err=True)
        sys.exit(ExitStatus.INCOMPLETE)
