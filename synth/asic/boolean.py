"""Liberty's Boolean expressions as truth tables: ``"(A B) + !C"``, ``"D&!DE | IQ^E'"``."""

import re
from collections.abc import Sequence

from tospike.hw.params import InputError, require

MAX_INPUTS = 6
"""Most inputs: a truth table of 64 bits."""

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*(?:\[\d+\])?|[01()!'&*|+^])")


def truth_table(expression: str, inputs: Sequence[str]) -> int:
    """Return a truth table: bit i is the value of ``expression`` for ``inputs[k]`` equal to bit k of i.

    Raises
    ------
    InputError
        There are more than `MAX_INPUTS` inputs or an unknown name, or ``expression`` is invalid.
    """
    require(len(inputs) <= MAX_INPUTS, f"a cell with {len(inputs)} inputs is too large: at most {MAX_INPUTS}")
    rows = 1 << len(inputs)
    columns = {name: sum(1 << row for row in range(rows) if row >> k & 1) for k, name in enumerate(inputs)}
    parser = _Parser(expression, columns, (1 << rows) - 1)
    table = parser.either()
    parser.expect_end()
    return table


class _Parser:
    """Binds tightest first: ``'`` and ``!``; ``^``; and (``&``, ``*`` or nothing between); or (``|``, ``+``)."""

    def __init__(self, expression: str, columns: dict[str, int], ones: int):
        self._expression = expression
        self._columns = columns
        self._ones = ones
        self._tokens = _TOKEN.findall(expression)
        if "".join(self._tokens) != re.sub(r"\s", "", expression):
            self._fail()

    def _fail(self) -> None:
        raise InputError(f"the Liberty file has {self._expression!r}, which is not a Boolean expression of its pins")

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self) -> str:
        if not self._tokens:
            self._fail()
        return str(self._tokens.pop(0))

    def expect_end(self) -> None:
        if self._tokens:
            self._fail()

    def either(self) -> int:
        value = self._all()
        while self._next() in ("|", "+"):
            self._take()
            value |= self._all()
        return value

    def _all(self) -> int:
        value = self._differ()
        while self._next() and self._next() not in ("|", "+", ")"):
            if self._next() in ("&", "*"):
                self._take()
            value &= self._differ()
        return value

    def _differ(self) -> int:
        value = self._one()
        while self._next() == "^":
            self._take()
            value ^= self._one()
        return value

    def _one(self) -> int:
        token = self._take()
        if token == "!":
            return self._one() ^ self._ones
        if token == "(":
            value = self.either()
            if self._take() != ")":
                self._fail()
        elif token in ("0", "1"):
            value = self._ones * int(token)
        else:
            if token not in self._columns:
                self._fail()
            value = self._columns[token]
        while self._next() == "'":
            self._take()
            value ^= self._ones
        return value
