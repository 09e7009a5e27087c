"""Open a board by the name of its port: a serial line, or a simulation."""

from functools import partial

from tospike.sim.design import Design
from tospike.tb.board.serial_line import LineOptions, open_line
from tospike.tb.board.session import Session
from tospike.tb.board.simulated_board import SIMULATED, simulated_board


def session_on(design: Design, line: LineOptions, *, attempts: int = 0) -> Session:
    """Return a session with a board that holds ``design``, to be opened by ``with``.

    Parameters
    ----------
    attempts
        How often to reconnect for a sample.
    """
    if line.port == SIMULATED:
        return Session(design, partial(simulated_board, design), "the simulated board", timeout=line.timeout)
    opener = partial(open_line, line.port, line.baud, timeout=line.timeout)
    return Session(design, opener, line.port, timeout=line.timeout, attempts=attempts)
