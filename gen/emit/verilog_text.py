"""What becomes of the Verilog that Amaranth writes: plain names, memory contents in files, comments."""

import re
from collections.abc import Iterable, Mapping

MEMORIES = "mem"
"""The folder of the files that Verilog reads, as seen from where a simulator or Yosys runs."""
SHORT = 1024
"""Words of a memory that begins with zeros up to which they stay in the Verilog."""

_TRIGGER_NAME = re.compile(r"\\\$auto\$verilog_backend\.cc:\d+:dump_module\$\d+ ")
_TRIGGER = re.compile(rf"reg {_TRIGGER_NAME.pattern} = 0;")
"""Yosys lets every ``always @*`` read a register that never changes, so that it runs at time zero. A register with an
initial value triggers nothing in Icarus; one that changes after all processes have started does."""

_NAMES = re.compile(r"^module \\?\S+|^  \\?\S+  \\?\S+ +\(\n|^  \) \\?\S+ +\(\n|\\(\S+) ", re.MULTILINE)
"""Names that need an escape, group 1; those of modules and instances are matched without it."""
_STEM = re.compile(r"[\w$]+")
_WORDS = re.compile(
    r"  initial begin\n(?=    (?P<memory>\w+)\[0\] = )"
    r"(?P<words>(?:    (?P=memory)\[\d+\] = \d+'[hd][0-9a-f]+;\n)+)  end\n"
)
_WORD = re.compile(r"= (\d+)'([hd])([0-9a-f]+);")
_PORT = re.compile(r"^  (?:input|output) (?:\[\d+:0\] )?(\w+) ?;", re.MULTILINE)
_MODULE = re.compile(r"^module \\?(\S+?)[ (].*?^endmodule\n", re.MULTILINE | re.DOTALL)


def start_at_time_zero(text: str) -> str:
    """Return ``text`` with the trigger of each ``always @*`` in a form that all simulators take."""
    text = _TRIGGER.sub("reg _time_zero_; initial _time_zero_ <= 0;", text)
    return _TRIGGER_NAME.sub("_time_zero_", text)


def plain_names(text: str) -> str:
    r"""Return ``text`` with names that need no escape: ``\valid$7`` becomes ``valid_7``, ``\$12`` becomes ``n12``.

    Names of modules and instances, which tell where a part is, stay, and so do those of fields and elements but for
    the ``$``.
    """
    plain: dict[str, str] = {}
    taken = set(re.findall(r"\w+", text))
    for match in _NAMES.finditer(text):
        stem = _stem(match)
        if "$" in stem and stem not in plain:
            new = f"n{stem[1:]}" if re.fullmatch(r"\$\d+", stem) else stem.strip("$").replace("$", "_")
            while new in taken:
                new += "_"
            taken.add(new)
            plain[stem] = new

    def renamed(match: re.Match[str]) -> str:
        stem = _stem(match)
        if stem not in plain:
            return match[0]
        rest = match[1].removeprefix(stem)
        return f"\\{plain[stem]}{rest} " if rest else f"{plain[stem]} "

    return _NAMES.sub(renamed, text)


def _stem(match: re.Match[str]) -> str:
    """Return the name without the field or element: ``o$5`` of ``o$5.kind``; nothing of a module or an instance."""
    found = _STEM.match(match[1] or "")
    return found[0] if found else ""


def files_of_memories(text: str, top: str) -> tuple[str, dict[str, str]]:
    """Return what memories hold, in files that the Verilog reads by ``$readmemh``.

    One assignment for each word, as Amaranth writes it, takes Yosys (0.66) time that grows with more than the square of
    their number: 35 s of processor time for 8,000 words of 48 bits, more than half an hour for the weights of MNIST's
    networks.

    Parameters
    ----------
    top
        Name of the top module, with which those of all others begin.

    Returns
    -------
    tuple
        The text, and the content of each file by its path. A file is named after the place of its memory. A short
        memory that begins with zeros has none.
    """
    files: dict[str, str] = {}

    def moved(module: str, match: re.Match[str]) -> str:
        words = [
            (int(width), int(digits, 16 if base == "h" else 10))
            for width, base, digits in _WORD.findall(match["words"])
        ]
        if len(words) <= SHORT and not any(word for _, word in words):
            return match[0]
        place = [part.partition("$")[0] for part in module.removeprefix(top).split(".") if part]
        own = [] if place and match["memory"] in ("memory", "storage") else [match["memory"]]
        name = "_".join([*place, *own])
        path, number = f"{MEMORIES}/{name}.hex", 0
        while path in files:
            number += 1
            path = f"{MEMORIES}/{name}_{number}.hex"
        files[path] = "".join(f"{word:0{-(-width // 4)}x}\n" for width, word in words)
        return f'  initial $readmemh("{path}", {match["memory"]}, 0, {len(words) - 1});\n'

    modules = _MODULE.sub(lambda found: _WORDS.sub(lambda words: moved(found[1], words), found[0]), text)
    return modules, files


def described(text: str, *, top: str, header: Iterable[str], ports: Mapping[str, str]) -> str:
    """Return ``text`` below ``header``, with a comment at each port of module ``top``."""

    def commented(match: re.Match[str]) -> str:
        return f"{match[0]}  // {ports[match[1]]}" if ports.get(match[1]) else match[0]

    def module(match: re.Match[str]) -> str:
        return _PORT.sub(commented, match[0]) if match[1] == top else match[0]

    return "".join([*(f"// {line}".rstrip() + "\n" for line in header), "\n", _MODULE.sub(module, text)])
