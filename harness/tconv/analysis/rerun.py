"""The shell command that reruns one case on one target."""

import shlex


def rerun_command(config: str, case: str, target: str) -> str:
    """Return the shell command that reruns one case on one target; `config` may be a run's path."""
    return shlex.join(["tconv", "run", config, "--case", case, "--target", target])
