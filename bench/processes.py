"""What Linux says of processes: their memory, and who belongs to whom."""

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

TETHER = Path(__file__).resolve().parent.parent / "snsauto" / "tether.py"
KIB_PER_MIB = 1024


def tied(*command: str) -> list[str]:
    """The command, to be ended when this process ends, however that dies."""
    return [sys.executable, "-I", str(TETHER), str(os.getpid()), *command]


def peak_mib(pid: int | str = "self") -> float:
    """The most memory that a process has ever held, in MiB; 0 where there is no such process."""
    return _status(pid, "VmHWM")


def held_mib(pid: int | str = "self") -> float:
    """The memory that a process holds now, in MiB; 0 where there is no such process."""
    return _status(pid, "VmRSS")


def session_of(leader: int) -> list[int]:
    """The processes of a session, the leader too."""
    return [pid for pid in _all() if _session(pid) == leader]


def below(pid: int) -> list[int]:
    """A process and all that it and its children have started."""
    parents = {each: _parent(each) for each in _all()}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def processor_seconds(pid: int) -> float:
    """The time that processors have spent on a process; 0 where there is no such process."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _session(pid: int) -> int:
    with suppress(ProcessLookupError):
        return os.getsid(pid)
    return 0


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _status(pid: int | str, name: str) -> float:
    with suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) / KIB_PER_MIB if found else 0.0
    return 0.0
