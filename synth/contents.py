"""What memories hold, in files beside the Verilog.

Generated Verilog fills a memory by one assignment per word. Yosys (0.66) takes time that grows with more than the
square of their number, 35 s of processor time for 8,000 words of 48 bits and more than half an hour for the weights of
MNIST's networks; ``$readmemh`` makes the same circuit in a fraction of a second. So nothing is left out: what constant
words save is saved as before.
"""

import re

LEAST_WORDS = 1024
"""Shorter memories stay as they are: they take Yosys less than a second, and names that it numbers otherwise would move
the placer's result a little."""

_WORD = rb"    (?P=memory)\[\d+\] = \d+'h[0-9a-f]+;\n"
_INITIAL = re.compile(rb"  initial begin\n(?=    (?P<memory>\w+)\[0\] = )(?P<words>(?:" + _WORD + rb")+)  end\n")
_ASSIGNED = re.compile(rb"\[(\d+)\] = \d+'h([0-9a-f]+);")


def move_contents(name: str, verilog: bytes) -> dict[str, bytes]:
    """``verilog``, the content of file ``name``, with what its large memories hold in files of their own.

    Returns
    -------
    dict
        Name and content of the Verilog and of each file that it reads by ``$readmemh``.
    """
    files: dict[str, bytes] = {}

    def moved(match: re.Match[bytes]) -> bytes:
        words = _ASSIGNED.findall(match["words"])
        if len(words) < LEAST_WORDS or any(int(address) != n for n, (address, _) in enumerate(words)):
            return match[0]
        file = f"{name}.{len(files)}.hex"
        files[file] = b"".join(value + b"\n" for _, value in words)
        return b'  initial $readmemh("%s", %s);\n' % (file.encode(), match["memory"])

    return {name: _INITIAL.sub(moved, verilog), **files}
