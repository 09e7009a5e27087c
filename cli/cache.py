"""``tospike cache``: what is kept of former runs, and making room."""

import time
from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.gen.tools.cache import default_root
from tospike.gen.tools.cache_prune import beyond_size, entries, older_than, remove
from tospike.hw.params import require

_DAY = 86400
_MEGABYTE = 1_000_000

app = new_app(help="What is kept of former runs: list it, make room.")


@app.command("list", epilog="Example:  tospike cache list")
def list_command() -> None:
    """Kinds of results, how many there are, what they need and when they were last used."""
    now = time.time()
    table = Table("kind", title=str(default_root()), title_justify="left")
    for heading in ("entries", "MB", "used, days ago", "longest unused, days"):
        table.add_column(heading, justify="right")
    found = entries(default_root())
    for kind, group in groupby(sorted(found, key=lambda entry: entry.kind), key=lambda entry: entry.kind):
        members = list(group)
        ages = [max(0.0, now - entry.used) / _DAY for entry in members]
        size = sum(entry.size for entry in members) / _MEGABYTE
        table.add_row(kind, str(len(members)), f"{size:,.1f}", f"{min(ages):.1f}", f"{max(ages):.1f}")
    table.add_section()
    table.add_row("total", str(len(found)), f"{sum(entry.size for entry in found) / _MEGABYTE:,.1f}", style="bold")
    console.out.print(table)


@app.command("prune", epilog="Example:  tospike cache prune --older-than 30 --max-size 2000")
def prune_command(
    *,
    older_than_days: Annotated[
        float | None, typer.Option("--older-than", help="Remove what was not used for this many days.")
    ] = None,
    max_size: Annotated[
        float | None, typer.Option(help="Remove the least recently used until the rest takes at most this many MB.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove everything.")] = False,
    kind: Annotated[list[str] | None, typer.Option(help="Only of this kind; may be given more than once.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Make room. What a running tospike may use is spared."""
    root = default_root()
    require(
        everything or older_than_days is not None or max_size is not None,
        "say what to remove: --older-than DAYS, --max-size MB or --all",
    )
    require(older_than_days is None or older_than_days >= 0, f"--older-than must be at least 0, not {older_than_days}")
    require(max_size is None or max_size >= 0, f"--max-size must be at least 0, not {max_size}")
    found = entries(root)
    for name in kind or ():
        kinds = sorted({entry.kind for entry in found})
        require(name in kinds, f"--kind {name}: the cache has {', '.join(kinds) or 'nothing'}")
    found = [entry for entry in found if not kind or entry.kind in kind]
    chosen = set(found if everything else ())
    if older_than_days is not None:
        chosen.update(older_than(found, time.time() - _DAY * older_than_days))
    if max_size is not None:
        chosen.update(beyond_size(found, int(_MEGABYTE * max_size)))
    ordered = [entry for entry in found if entry in chosen]
    kept = [] if dry_run else remove(root, ordered)
    gone = sum(entry.size for entry in chosen.difference(kept)) / _MEGABYTE
    spared = f"; {len(kept)} spared, which a running tospike may use" if kept else ""
    verb = "would be removed" if dry_run else "removed"
    count = len(chosen) - len(kept)
    console.out.print(
        f"{root}: {count} of {len(found)} entries {verb}, {gone:,.1f} MB{spared}", highlight=False, soft_wrap=True
    )
