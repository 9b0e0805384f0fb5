"""`python -m tconv` is `tconv`: starts the command line, and handles a Ctrl-C while it loads."""

import sys

from tconv.runs.exit_status import ExitStatus


def main() -> None:
    """Load the command line and run it."""
    try:
        from tconv.cli import main as run  # noqa: PLC0415 # an interrupt may come meanwhile
    except KeyboardInterrupt:
        sys.stderr.write("tconv: interrupted before anything was started\n")
        sys.exit(ExitStatus.INCOMPLETE)
    run()


if __name__ == "__main__":
    main()
