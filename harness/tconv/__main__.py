"""`python -m tconv` is `tconv`: the command line, and its answer to Ctrl-C while it loads."""

import sys
from typing import Final

INCOMPLETE: Final = 4
"""The status `INCOMPLETE` of :class:`tconv.runs.status.ExitStatus`, which may not be loaded yet."""


def main() -> None:
    """Load the command line, which takes a second, and run it."""
    try:
        from tconv.cli import main as run  # noqa: PLC0415 # an interrupt may come meanwhile
    except KeyboardInterrupt:
        sys.stderr.write("tconv: interrupted; nothing was begun\n")
        sys.exit(INCOMPLETE)
    run()


if __name__ == "__main__":
    main()
