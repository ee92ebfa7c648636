"""What processes cost, as /proc tells it (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time that these processes have had, user and system, in all their threads, to 10 ms each."""
    return sum(user + system for _, _, user, system in map(_stat, pids)) * TICK_SECONDS


def resident_kb(pids: Iterable[int]) -> float:
    """Memory that these processes hold, in KB (1,024 bytes)."""
    return sum(int((PROC / str(pid) / "statm").read_text().split()[1]) for pid in pids) * PAGE_KB


def family(pid: int) -> dict[int, str]:
    """A process and all that it has started, directly or through others, with their names."""
    parents: dict[int, tuple[int, str]] = {}
    for other in _pids():
        with suppress(OSError):  # it has ended meanwhile
            name, parent, *_ = _stat(other)
            parents[other] = (parent, name)
    found = {pid: parents[pid][1]} if pid in parents else {}
    while more := {each: name for each, (parent, name) in parents.items() if parent in found and each not in found}:
        found |= more
    return found


def _pids() -> Iterator[int]:
    return (int(path.name) for path in PROC.iterdir() if path.name.isdigit())


def _stat(pid: int) -> tuple[str, int, int, int]:
    """Name, parent, user and system time in ticks."""
    text = (PROC / str(pid) / "stat").read_text()
    name = text[text.index("(") + 1 : text.rindex(")")]  # which may hold anything, blanks and brackets too
    fields = text[text.rindex(")") + 2 :].split()
    return name, int(fields[1]), int(fields[11]), int(fields[12])
