"""Runs a command that ends with the process that started it: `python -I tether.py PARENT COMMAND...`.

On Linux the kernel sends SIGTERM to the command when its parent is gone, however that died. Elsewhere there
is no such promise, and the command simply runs.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # prctl(2)


def tie() -> None:
    """Ask the kernel for SIGTERM at the parent's death; it holds across exec."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: Sequence[str]) -> None:
    parent, *command = arguments
    tie()
    if os.getppid() != int(parent):  # it died before we had asked
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  (the launcher's own command, no shell)


if __name__ == "__main__":
    main(sys.argv[1:])
