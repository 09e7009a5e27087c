"""Child processes and temporary folders that do not outlive this process, unless it is ended by SIGKILL.

Each program leads a process group of its own, so that its own children end with it. The group is killed if it outlives
the block that started it, or its time limit.
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
"""Guards the sets below; reentrant, because a signal may interrupt the thread that holds it."""
_groups: set[int] = set()
_folders: set[Path] = set()
_ending = False
_held = False
"""Whether the main thread is in a section that a signal must not interrupt, or a process or folder would be lost."""
_pending: int | None = None
"""The first signal received."""


class Stopped(BaseException):
    """A signal asked this process to end; its number is the argument."""


@contextmanager
def started(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: int | IO[Any] = subprocess.PIPE,
    stderr: int | IO[Any] = subprocess.STDOUT,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program during this block, without standard input; at the end, kill it with all its children."""
    with _uninterrupted(), _lock:
        check_running()
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
            if process.returncode is None:  # else the number may belong to another process by now
                _kill(process.pid)
            _groups.discard(process.pid)
        process.wait()
        if process.stdout:
            process.stdout.close()


@contextmanager
def temporary_folder(parent: Path | None = None, *, prefix: str = "tospike-") -> Iterator[Path]:
    """Make a new folder that is removed at the end of this block, unless it has been renamed."""
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
    """Return a new folder that lasts until this process ends."""
    folders = ExitStack()
    atexit.register(folders.close)
    return folders.enter_context(temporary_folder(parent))


def check_running() -> None:
    """Raise `Stopped` once this process is about to end: for threads that wait for others."""
    if _ending:
        raise Stopped(signal.SIGTERM)


def end_all() -> None:
    """Kill every program and remove every folder, of all threads, and start no more."""
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
        signal.setitimer(signal.ITIMER_REAL, 0.5)  # repeat it: an exception raised in a finaliser is lost
        if not _held:
            raise Stopped(_pending)

    signal.signal(signal.SIGALRM, stop)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Defer signals until the end of this block."""
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
