"""Names that Verilog takes."""

import re

from pygments.lexers.hdl import SystemVerilogLexer
from pygments.token import Name


def identifier(text: str) -> str:
    """``text`` as the name of a module: other characters become underscores, what would be none begins with ``n_``."""
    word = re.sub(r"\W", "_", text, flags=re.ASCII)
    begins_well = word[:1].isalpha() or word[:1] == "_"
    return word if begins_well and not _is_keyword(word) else f"n_{word}"


def _is_keyword(word: str) -> bool:
    (kind, _), *_ = SystemVerilogLexer().get_tokens(word)
    return kind not in Name
