"""Refuse Verilog that tospike would not generate before a simulator runs it: it could execute system commands."""

import re
from pathlib import Path

from tospike.hw.params import require

_TASKS = {"$signed", "$unsigned", "$readmemh", "$clog2", "$display", "$finish", "$error"}
_DIRECTIVES = {"`timescale", "`default_nettype", "`ifdef", "`ifndef", "`else", "`endif"}
_WORDS = re.compile(
    # match escaped names, comments and strings as a whole, so that their contents do not count as words
    r"\\\S+|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|/\*.*?\*/"
    r"|(?P<task>\$\w+)|(?P<directive>`\w*)|[\w$]+",
    re.DOTALL,
)


def require_plain(path: Path) -> None:
    """Check that a Verilog file calls and includes nothing, and reads only memory contents in its own folder.

    Raises
    ------
    InputError
        It has a system task (such as ``$system``), an include, a macro, or embedded C++, which generated Verilog never
        has.
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
            f"{path} reads {file[:40]}, which is not in its folder mem: generate it again",
        )
