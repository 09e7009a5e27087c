"""The first call of a WebAssembly program, which compiles it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.tools.lock import locked


@dataclass(frozen=True, kw_only=True)
class FirstUse:
    """YoWASP compiles a program in its first call, on all processors, and keeps the result. Of calls that begin before
    it is kept each would do so; here they wait for one that does no more than this."""

    marker: Path
    """Exists once the program was compiled."""
    args: tuple[str, ...]
    """Arguments of a short call."""

    def ensure(self, call: Callable[[tuple[str, ...]], object]) -> None:
        """Call the program if it has never been, unless another process or thread does: then wait for that.

        Raises
        ------
        OSError
            The folder of the marker cannot be written.
        """
        if self.marker.exists():
            return
        with locked(self.marker.with_name(f"{self.marker.name}.lock")):
            if not self.marker.exists():
                call(self.args)
                self.marker.touch()


def yowasp_marker(name: str, release: str) -> Path:
    """Return the marker of a program, in the folder where YoWASP keeps what it compiled."""
    from platformdirs import user_cache_dir  # YoWASP needs it, so it is there if YoWASP is

    root = Path(os.environ.get("YOWASP_CACHE_DIR") or user_cache_dir("YoWASP", appauthor=False))
    return root / "tospike" / f"{name} {release}"
