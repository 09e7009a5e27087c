"""Make names that Verilog accepts."""

import re

from pygments.lexers.hdl import SystemVerilogLexer
from pygments.token import Name

_LONGEST = 64
"""Most characters of a name, because it is also used in file names."""
_OURS = re.compile(r"(tospike|cocotb)_", re.IGNORECASE)
"""Prefixes of the modules that benches, boards and simulators put around a design."""
_BUILT_IN = {"std", "process", "mailbox", "semaphore", "top"}
"""Packages, classes and scopes of simulators; Verilator's is called TOP."""
_UNLEXED = {"class", "extends"}
"""Keywords that Pygments recognises only if a name follows."""
_CELL = re.compile(
    r"(SB|ICESTORM|TRELLIS)_\w+|(LUT|MULT|ALU|DP|PDP|DPR|CCU)\d\w*|(FD|IFS|IFD|OFS|OFD)1\w+|[IO]DDR\w+|(BB|IB|OB|OSHX|TSHX)\w*"
    r"|(DCC|DCS|DCU|DDRDLL|DELAY|DLLDEL|DQS|ECLK|EHX|CLKDIV|PDPW|PCSCLK)\w*|DTR|EXTREF\w*|GSR|SGSR|PUR|ILVDS|OLVDS|INV|JTAGG|L6MUX21"
    r"|OSC[A-Z]|PFUMX|START|TSALL|USRMCLK|VHI|VLO|VCC|GND"
)
"""Cells of ECP5 and iCE40."""


def identifier(text: str) -> str:
    """Return ``text`` as a module name that has no other meaning to any tool.

    Invalid characters become underscores; a name that starts with a digit or is taken gets the prefix ``n_``.
    """
    word = re.sub(r"\W", "_", text, flags=re.ASCII)[:_LONGEST]
    starts_well = word[:1].isalpha() or word[:1] == "_"
    taken = _OURS.match(word) or word.lower() in _BUILT_IN or _CELL.fullmatch(word) or _is_keyword(word)
    return word if starts_well and not taken else f"n_{word}"


def _is_keyword(word: str) -> bool:
    (kind, _), *_ = SystemVerilogLexer().get_tokens(word)
    return kind not in Name or word in _UNLEXED
