"""Make Amaranth's Verilog readable: plain names, comments."""

import re
from collections.abc import Iterable, Mapping

_TRIGGER_NAME = re.compile(r"\\\$auto\$verilog_backend\.cc:\d+:dump_module\$\d+ ")
_TRIGGER = re.compile(rf"reg {_TRIGGER_NAME.pattern} = 0;")
"""Yosys makes every ``always @*`` read a register that never changes, so that it runs at time zero. In Icarus, a
register with an initial value triggers nothing; one that changes after all processes have started does."""

_NAMES = re.compile(r"^module \\?\S+|^  \\?\S+  \\?\S+ +\(\n|^  \) \\?\S+ +\(\n|\\(\S+) ", re.MULTILINE)
"""Names that need an escape (group 1); names of modules and instances match without the group."""
_STEM = re.compile(r"[\w$]+")
_PORT = re.compile(r"^  (?:input|output) (?:\[\d+:0\] )?(\w+) ?;", re.MULTILINE)
_MODULE = re.compile(r"^module \\?(\S+?)[ (].*?^endmodule\n", re.MULTILINE | re.DOTALL)


def start_at_time_zero(text: str) -> str:
    """Return ``text`` with the trigger of each ``always @*`` in a form that works in all simulators."""
    text = _TRIGGER.sub("reg _time_zero_; initial _time_zero_ <= 0;", text)
    return _TRIGGER_NAME.sub("_time_zero_", text)


def plain_names(text: str) -> str:
    r"""Return ``text`` with names that need no escape: ``\valid$7`` becomes ``valid_7``, ``\$12`` becomes ``n12``.

    Names of modules and instances stay, because they tell where a part is. Names of fields and elements only lose the
    ``$``.
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
    """Return the name without the field or element: ``o$5`` of ``o$5.kind``; empty for a module or an instance."""
    found = _STEM.match(match[1] or "")
    return found[0] if found else ""


def described(text: str, *, top: str, header: Iterable[str], ports: Mapping[str, str]) -> str:
    """Return ``text`` after ``header``, with a comment at each port of module ``top``."""

    def commented(match: re.Match[str]) -> str:
        return f"{match[0]}  // {ports[match[1]]}" if ports.get(match[1]) else match[0]

    def module(match: re.Match[str]) -> str:
        return _PORT.sub(commented, match[0]) if match[1] == top else match[0]

    return "".join([*(f"// {line}".rstrip() + "\n" for line in header), "\n", _MODULE.sub(module, text)])
