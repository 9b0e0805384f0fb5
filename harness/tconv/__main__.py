"""`python -m tconv` is `tconv`: starts the command line, and handles a Ctrl-C while it loads."""

import os
import sys

from tconv.runs.exit_status import ExitStatus


def _open_streams() -> None:
    """Open the standard streams that are closed, as by `>&-`, on the null device.

    Else a file of the run would get their number, and what is printed would end up in it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
            os.set_inheritable(number, True)  # by workers
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 # open to the end


def main() -> None:
    """Load the command line and run it."""
    _open_streams()
    try:
        from tconv.cli import main as run  # noqa: PLC0415 # an interrupt may come meanwhile
    except KeyboardInterrupt:
        sys.stderr.write("tconv: interrupted before anything was started\n")
        sys.exit(ExitStatus.INCOMPLETE)
    run()


if __name__ == "__main__":
    main()
