"""Pseudo-terminals as serial lines, with something at the other end."""

import contextlib
import os
import pty
import threading
import tty


@contextlib.contextmanager
def at_the_other_end(answer):
    """The name of a serial line; ``answer`` makes of what came what is sent back, as often as there is time. When it
    raises EOFError, the line is gone."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    os.set_blocking(ours, False)
    stop = threading.Event()

    def serve():
        back = b""
        while not stop.is_set():
            came = b""
            with contextlib.suppress(BlockingIOError, OSError):
                came = os.read(ours, 4096)
            try:
                back += answer(came)
            except EOFError:
                break
            with contextlib.suppress(BlockingIOError, OSError):
                back = back[os.write(ours, back) :]
            if not (came or back):
                stop.wait(0.01)
        os.close(theirs)
        os.close(ours)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield name
    finally:
        stop.set()
        thread.join()


def board_behind(line, *, requests=None):
    """What `at_the_other_end` takes, of a simulated board's line; gone after so many pieces of requests."""
    seen = 0

    def answer(came):
        nonlocal seen
        seen += bool(came)
        if requests is not None and seen > requests:
            raise EOFError
        line.send(came)
        return line.receive()

    return answer
