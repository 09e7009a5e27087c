"""``tospike cache``: list and remove the results of earlier runs."""

import time

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.gen.tools.cache import default_root
from tospike.gen.tools.cache_prune import DAY, MEGABYTE, PruneOptions, by_kind, entries, prune

app = new_app(help="Manage the cache of earlier results.")


@app.command("list", epilog="Example:  tospike cache list")
def list_command() -> None:
    """List the cached results by kind: number, size and last use."""
    now = time.time()
    table = Table("kind", title=str(default_root()), title_justify="left")
    for heading in ("entries", "MB", "last used, days ago", "longest unused, days"):
        table.add_column(heading, justify="right")
    uses = by_kind(entries(default_root()))
    for use in uses:
        ages = (max(0.0, now - used) / DAY for used in (use.newest, use.oldest))
        table.add_row(use.kind, str(use.entries), f"{use.size / MEGABYTE:,.1f}", *(f"{age:.1f}" for age in ages))
    table.add_section()
    total = sum(use.size for use in uses) / MEGABYTE
    table.add_row("total", str(sum(use.entries for use in uses)), f"{total:,.1f}", style="bold")
    console.out.print(table)


@app.command("prune", epilog="Example:  tospike cache prune --older-than 30 --max-size 2000")
@takes_options
def prune_command(*, options: PruneOptions) -> None:
    """Remove cached results, except those a running tospike may use."""
    root = default_root()
    found = prune(root, options)
    spared = f"; {len(found.spared)} spared, which a running tospike may use" if found.spared else ""
    verb = "would be removed" if options.dry_run else "removed"
    console.out.print(
        f"{root}: {len(found.removed)} of {found.entries} entries {verb}, {found.size / MEGABYTE:,.1f} MB{spared}",
        highlight=False,
        soft_wrap=True,
    )
