"""One file in a process of its own, forked: bounded in time and memory, and whatever it leaves is counted."""

import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
"""Of processor time, and a hang if it takes twice as long in all."""
MEMORY = 3 << 30
"""Beyond what the parent has mapped."""
TRACEBACK = 70
"""What a child ends with that raised."""
EXPECTED = (0, 1, 2)
"""Done, something differs, bad input: whatever the file says is one of them."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How it ended."""

    status: int
    """Exit status; negative: the signal that ended it."""
    output: str
    left: tuple[str, ...]
    """Files and folders that a refused file left."""
    seconds: float

    @property
    def fault(self) -> str:
        """What is wrong with it, in one line that tells faults apart; empty if nothing is."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        if "Traceback" in self.output or self.status == TRACEBACK:
            places = [line.strip() for line in lines if line.strip().startswith("File ")]
            return f"traceback: {(lines or ['?'])[-1][:160]} at {(places or ['?'])[-1]}"
        if self.status not in EXPECTED:
            return f"ended with {self.status} after {self.seconds:.0f} s"
        if "not enough memory" in self.output:
            return "took all memory"
        if self.status == 2 and len([line for line in lines if line.startswith("tospike: ")]) != 1:
            return f"not one line: {lines[-2:]}"
        if self.status == 2 and self.left:
            return f"left {', '.join(self.left)}"
        return ""


def run_child(work: Callable[[], int], folder: Path) -> Outcome:
    """Call ``work`` in a child whose working and temporary folders are in ``folder``; it gives an exit status."""
    here, temporary = folder / "here", folder / "tmp"
    for path in (here, temporary):
        path.mkdir()
    begin = time.monotonic()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _be_child(work, folder, here, temporary)
    status = _wait(child, begin + 2 * SECONDS)
    output = (folder / "output").read_text(errors="replace")
    left = tuple(sorted(str(path.relative_to(folder)) for top in (here, temporary) for path in top.rglob("*")))
    return Outcome(status=status, output=output, left=left, seconds=time.monotonic() - begin)


def _wait(child: int, until: float) -> int:
    with contextlib.suppress(TimeoutError):
        old = signal.signal(signal.SIGALRM, _alarm)
        signal.setitimer(signal.ITIMER_REAL, max(until - time.monotonic(), 1))
        try:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _alarm(*_: object) -> None:
    raise TimeoutError


def _be_child(work: Callable[[], int], folder: Path, here: Path, temporary: Path) -> None:
    status = TRACEBACK
    try:
        handle = os.open(folder / "output", os.O_WRONLY | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(handle, stream)
        sys.stdout, sys.stderr = (os.fdopen(stream, "w", closefd=False) for stream in (1, 2))
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        os.chdir(here)
        tempfile.tempdir = str(temporary)
        os.environ |= {"TMPDIR": str(temporary), "TOSPIKE_CACHE": str(folder / "cache"), "COLUMNS": "200"}
        status = work()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(status)


@contextlib.contextmanager
def fresh_folder():
    """A folder that is removed again, whatever is in it."""
    path = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
