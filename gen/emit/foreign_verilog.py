"""Verilog that is simulated may call the system: what is not in ours is refused before a simulator sees it."""

import re
from pathlib import Path

from tospike.hw.params import require

_TASKS = {"$signed", "$unsigned", "$readmemh", "$clog2", "$display", "$finish", "$error"}
_DIRECTIVES = {"`timescale", "`default_nettype", "`ifdef", "`ifndef", "`else", "`endif"}
_WORDS = re.compile(
    # what is in names with an escape, in comments and in strings is text
    r"\\\S+|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|/\*.*?\*/"
    r"|(?P<task>\$\w+)|(?P<directive>`\w*)|[\w$]+",
    re.DOTALL,
)


def require_plain(path: Path) -> None:
    """Check that a Verilog file calls and includes nothing, and reads only memory contents beside it.

    Raises
    ------
    InputError
        It has a system task (``$system``), an inclusion, a macro, or C++ that generated Verilog never has.
    """
    text = path.read_text(encoding="utf-8")
    for match in _WORDS.finditer(text):
        word = match[0]
        strange = (
            (match["task"] and word not in _TASKS)
            or (match["directive"] and word not in _DIRECTIVES)
            or word in ("import", "export", "bind", "config")
            or (word.startswith(("/*", "//")) and re.match(r"/[/*]\s*(verilator|synopsys|synthesis)\b", word))
        )
        require(not strange, f"{path} has {word[:40]!r}, which tospike does not generate: generate it again")
    for file in re.findall(r"\$readmemh\s*\(\s*([^,)]*)", text):
        require(
            re.fullmatch(r'"mem/[A-Za-z0-9_][A-Za-z0-9_.+-]*"', file.strip()) is not None,
            f"{path} reads {file[:40]}, which is not beside it in mem: generate it again",
        )
