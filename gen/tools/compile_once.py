"""A compiler launcher that caches the objects of a tool's own sources: ``python -m ... FOLDER COMPILER ARGUMENTS``.

Verilator compiles its runtime library with every simulator, which takes more than half of a small design's build. Its
makefiles call compilers through ``$(OBJCACHE)``; with this launcher, each runtime source under ``FOLDER`` is compiled
once per compiler and set of options. All other sources are compiled as usual.
"""

import shutil
import subprocess
import sys
from pathlib import Path

_OBJECT = "object.o"


class _CompilerError(Exception):
    """The compiler's exit status."""


def compile_once(folder: Path, command: list[str]) -> int:
    """Run a compiler, or copy its cached output, and return its exit status."""
    source = Path(command[-1]).resolve()
    if "-c" not in command or source.suffix != ".cpp" or not source.is_relative_to(folder.resolve()):
        return subprocess.call(command)
    from tospike.gen.tools.cache import Cache, digest  # not needed for most calls

    options, output = _without_output(command[:-1], Path(source.with_suffix(".o").name))
    compiler = Path(shutil.which(command[0]) or command[0]).resolve()
    key = digest(
        {
            "compiler": f"{compiler} {compiler.stat().st_mtime_ns}",
            "options": "\0".join(options).replace(str(folder), ""),  # may be a link with a new name each time
            # the headers that it includes are in its folder
            "sources": "\0".join(f"{path} {path.stat().st_mtime_ns}" for path in sorted(source.parent.glob("*.[ch]*"))),
            "source": source.name,
        }
    )

    def make(entry: Path) -> None:
        if status := subprocess.call([*options, "-o", str(entry / _OBJECT), str(source)]):
            raise _CompilerError(status)

    try:
        entry = Cache().build("runtime", key, make)
    except _CompilerError as failed:
        return int(failed.args[0])
    shutil.copyfile(entry / _OBJECT, output)
    return 0


def _without_output(arguments: list[str], default: Path) -> tuple[list[str], Path]:
    """Return the arguments without ``-o FILE``, and that file."""
    if "-o" not in arguments:
        return arguments, default
    at = arguments.index("-o")
    return arguments[:at] + arguments[at + 2 :], Path(arguments[at + 1])


if __name__ == "__main__":
    sys.exit(compile_once(Path(sys.argv[1]), sys.argv[2:]))
