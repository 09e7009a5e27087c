"""A folder of results: a run replaces the files of an earlier run, and nothing else.

A hidden file in it, :data:`RECORD`, has the digest of each file that tospike wrote. A file with the name of a result
but another digest is the user's: it is never overwritten, and the error names it.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tospike.gen.files.output import to_json, write_bytes, write_text
from tospike.gen.files.written_folder import digest
from tospike.hw.params import InputError, require

RECORD = ".tospike.json"


def check_results(out: Path, names: Iterable[str]) -> None:
    """Refuse, before any work is done, what `write_results` would refuse; nothing is written, nor the folder created.

    Parameters
    ----------
    out
        The folder.
    names
        Files that will be written; those of an earlier run are checked, too.

    Raises
    ------
    InputError
        The folder cannot be created, or tospike did not write a file in it, or the file was changed since.
    """
    try:
        there = next(path for path in (out, *out.absolute().parents) if os.path.lexists(path))
        what = "it" if there == out else str(there)
        require(there.is_dir(), f"cannot write to {out}: {what} is not a folder; use another --out")
        require(os.access(there, os.W_OK | os.X_OK), f"cannot write to {out}: {what} is read-only; use another --out")
        recorded = _recorded(out)
        for name in {**dict.fromkeys(names), **recorded}:
            path = out / name
            if os.path.lexists(path):
                ours = path.is_file() and not path.is_symlink() and digest(path.read_bytes()) in recorded.get(name, ())
                require(
                    ours, f"{path} was not written by tospike, or was changed: move it away, or choose another --out"
                )
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; use another --out") from None


def write_results(out: Path, files: Mapping[str, str | bytes]) -> None:
    """Write ``files`` into the folder ``out``, each whole or not at all.

    Raises
    ------
    InputError
        As in `check_results`; nothing is written then.
    """
    contents = {
        name: content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
        for name, content in files.items()
    }
    check_results(out, contents)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; use another --out") from None
    new = {name: [digest(content)] for name, content in contents.items()}
    recorded = _recorded(out)
    # both digests, so that a run that is killed in between leaves no unrecorded file
    _record(out, {name: [*recorded.get(name, ()), *new.get(name, ())] for name in {**recorded, **new}})
    for name, content in contents.items():
        write_bytes(out / name, content)
    _record(out, {**recorded, **new})


def _recorded(out: Path) -> dict[str, list[str]]:
    """Return the digests of each file; empty if there is no valid record."""
    path = out / RECORD
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["files"] if not path.is_symlink() else {}
        return {
            name: digests
            for name, digests in found.items()
            if isinstance(digests, list) and name == Path(name).name and name not in ("", "..", RECORD)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _record(out: Path, files: Mapping[str, list[str]]) -> None:
    write_text(out / RECORD, to_json({"files": dict(sorted(files.items()))}))
