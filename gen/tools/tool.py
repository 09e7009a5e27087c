"""Run an external program that was found, and summarise in one line why it failed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tospike.gen.tools.children import started, temporary_folder
from tospike.gen.tools.first_use import FirstUse
from tospike.hw.params import InputError

_COMPILING = "Preparing to run"
"""Printed by YoWASP before it compiles a program to machine code."""

Progress = Callable[[str], None]
"""Receives lines of progress for the user."""


class ToolError(InputError):
    """A tool is missing or failed. The message is one line and names the log if there is one."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that was found."""

    name: str
    version: str
    source: str
    """``"PATH"`` or ``"wheel"``."""
    release: str
    """The exact build, for digests: two tools with the same ``release`` give the same result."""
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables to add to the environment."""
    first_use: FirstUse | None = None
    """Of a program that compiles itself in its first call."""

    @property
    def label(self) -> str:
        """Version and source for reports: ``"0.66 (wheel)"``."""
        return f"{self.version} ({self.source})"

    def run(
        self,
        args: tuple[str, ...],
        *,
        cwd: Path,
        log: Path,
        makes: tuple[str, ...] = (),
        progress: Progress | None = None,
    ) -> str:
        """Run the tool and return its output, which is also written to ``log``.

        Paths in ``args`` should be relative to ``cwd``: the WebAssembly tools do not see the temporary folder.

        Raises
        ------
        ToolError
            The tool reports failure, or has not written one of the files ``makes``: a WebAssembly program may die
            without a message.
        """
        self.prepare(progress)
        output, status = self._call(args, cwd=cwd, log=log, progress=progress)
        missing = [name for name in makes if not (cwd / name).is_file()]
        if status != 0:
            raise ToolError(f"{self.name} {self.label} failed: {error_summary(output)} (log: {log})")
        if missing:
            raise ToolError(
                f"{self.name} {self.label} did not write {missing[0]}: {error_summary(output)} (log: {log})"
            )
        return output

    def prepare(self, progress: Progress | None = None) -> None:
        """Have a program that compiles itself do so, so that its next call is short.

        Raises
        ------
        ToolError
            The compiled program cannot be stored.
        """
        if self.first_use is None:
            return

        def call(args: tuple[str, ...]) -> None:
            with temporary_folder() as work:
                self._call(args, cwd=work, log=work / "log", progress=progress)

        try:
            self.first_use.ensure(call)
        except OSError as error:
            raise ToolError(
                f"{self.name} {self.label} compiles itself in its first call, but cannot write to "
                f"{self.first_use.marker.parent}: {error.strerror or error}; set YOWASP_CACHE_DIR to another folder"
            ) from None

    def _call(self, args: tuple[str, ...], *, cwd: Path, log: Path, progress: Progress | None) -> tuple[str, int]:
        """Return the output, written to ``log``, too, and the exit status."""
        lines = []
        with (
            log.open("w", encoding="utf-8") as stream,
            started([*self.command, *args], cwd=cwd, environment=self.environment) as process,
        ):
            assert process.stdout is not None
            for raw in process.stdout:
                line = raw.decode(errors="replace")
                stream.write(line)
                lines.append(line)
                if progress and line.startswith(_COMPILING):
                    progress(f"{self.name}: the first call compiles WebAssembly, which takes about a minute, once")
            status = process.wait()
        return "".join(lines), status


def error_summary(output: str) -> str:
    """Return the line of a tool's output that best explains a failure: the last error, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\bERROR\b|\berror:|^Error", line)]
    return (errors or lines or ["it printed nothing"])[-1]
