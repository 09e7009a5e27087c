"""Programs that we start, and folders that we fill, end with us: whatever ends us but SIGKILL.

Each program is the leader of a process group of its own, so that what it starts ends with it, and is killed should it
outlive the block that started it, or the time that it has.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

_lock = threading.RLock()
"""Of the sets below; a signal may come to the thread that holds it."""
_groups: set[int] = set()
_folders: set[Path] = set()
_ending = False
_held = False
"""Whether the main thread does what a signal must not interrupt, because its traces would be lost."""
_pending: int | None = None
"""The signal that came first."""


class Stopped(BaseException):
    """A signal asked us to end; its number is the argument."""


@contextmanager
def started(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: int | IO[Any] = subprocess.PIPE,
    stderr: int | IO[Any] = subprocess.STDOUT,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in this block, without standard input; at its end it is killed with all that it started."""
    with _uninterrupted(), _lock:
        if _ending:
            raise Stopped(signal.SIGTERM)
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            process_group=0,
        )
        _groups.add(process.pid)
    try:
        yield process
    finally:
        with _lock:
            if process.returncode is None:  # else the number may be another's by now
                _kill(process.pid)
            _groups.discard(process.pid)
        process.wait()
        if process.stdout:
            process.stdout.close()


@contextmanager
def temporary_folder(parent: Path | None = None, *, prefix: str = "tospike-") -> Iterator[Path]:
    """Make a new folder that exists in this block only, unless it is given another name."""
    with _uninterrupted(), _lock:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        _folders.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with _lock:
            _folders.discard(folder)


def lasting_folder(parent: Path) -> Path:
    """Return a new folder that is there until we end."""
    folders = ExitStack()
    atexit.register(folders.close)
    return folders.enter_context(temporary_folder(parent))


def end_all() -> None:
    """Kill every program and remove every folder, of all threads; no more are started."""
    global _ending
    signal.setitimer(signal.ITIMER_REAL, 0)
    with _lock:
        _ending = True
        for group in _groups:
            _kill(group)
        for folder in _folders:
            shutil.rmtree(folder, ignore_errors=True)


def stop_on_signals() -> None:
    """Raise `Stopped` in the main thread on SIGINT, SIGTERM and SIGHUP, unless they are ignored (nohup)."""

    def stop(number: int, frame: object) -> None:
        global _pending
        _pending = _pending or number
        signal.setitimer(signal.ITIMER_REAL, 0.5)  # once more: an exception in a finaliser is lost
        if not _held:
            raise Stopped(_pending)

    signal.signal(signal.SIGALRM, stop)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Signals wait until the end of this block."""
    global _held
    if threading.current_thread() is not threading.main_thread() or _held:
        yield
        return
    _held = True
    try:
        yield
    finally:
        _held = False
        if _pending is not None:
            raise Stopped(_pending)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
