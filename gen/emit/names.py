"""Names that Verilog takes."""

import re

from pygments.lexers.hdl import SystemVerilogLexer
from pygments.token import Name

_LONGEST = 64
"""Characters of a name that are kept, since files are called after it."""
_OURS = re.compile(r"(tospike|cocotb)_", re.IGNORECASE)
"""Begins names of modules that benches, boards and simulators put around a design."""
_BUILT_IN = {"std", "process", "mailbox", "semaphore", "top"}
"""Packages, classes and scopes of simulators; Verilator's is called TOP."""
_UNLEXED = {"class", "extends"}
"""Keywords that Pygments knows with a name behind them only."""
_CELL = re.compile(
    r"(SB|ICESTORM|TRELLIS)_\w+|(LUT|MULT|ALU|DP|PDP|DPR|CCU)\d\w*|(FD|IFS|IFD|OFS|OFD)1\w+|[IO]DDR\w+|(BB|IB|OB|OSHX|TSHX)\w*"
    r"|(DCC|DCS|DCU|DDRDLL|DELAY|DLLDEL|DQS|ECLK|EHX|CLKDIV|PDPW|PCSCLK)\w*|DTR|EXTREF\w*|GSR|SGSR|PUR|ILVDS|OLVDS|INV|JTAGG|L6MUX21"
    r"|OSC[A-Z]|PFUMX|START|TSALL|USRMCLK|VHI|VLO|VCC|GND"
)
"""Cells of ECP5 and iCE40."""


def identifier(text: str) -> str:
    """Return ``text`` as the name of a module that no tool knows otherwise.

    Other characters become underscores; what is no name, or another module's, begins with ``n_``.
    """
    word = re.sub(r"\W", "_", text, flags=re.ASCII)[:_LONGEST]
    begins_well = word[:1].isalpha() or word[:1] == "_"
    taken = _OURS.match(word) or word.lower() in _BUILT_IN or _CELL.fullmatch(word) or _is_keyword(word)
    return word if begins_well and not taken else f"n_{word}"


def _is_keyword(word: str) -> bool:
    (kind, _), *_ = SystemVerilogLexer().get_tokens(word)
    return kind not in Name or word in _UNLEXED
