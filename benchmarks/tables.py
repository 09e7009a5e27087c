"""``python -m benchmarks.tables``: measures the tables of README and docs, and writes them into the pages.

`tables.toml` names the tables and the commands; ``results/NAME.json`` holds what they measured; a table goes to where a
page has ``<!-- measured: NAME -->``. A circuit with the same Verilog is not measured again, and what is measured is
kept at once, so an interrupted run goes on where it was.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import boards, circuits, evaluations, markdown, runs, texts
from benchmarks.command import CommandFailedError, DataMissingError
from benchmarks.spec import Table, tables


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a kind of table is measured: its cells by name, its measurement, its text.

    ``fresh`` tells whether a cell is as it was when its row was measured; without it, nothing less than the run tells.
    """

    cells: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    measure: Callable[[Any, Path | None], dict[str, Any]]
    render: Callable[[Mapping[str, Any], Mapping[str, dict[str, Any]]], str]
    fresh: Callable[[Any, dict[str, Any], Path | None], bool] = lambda cell, row, data: False


KINDS = {
    "boards": Kind(cells=boards.cells, measure=boards.measure, render=boards.render, fresh=boards.fresh),
    "circuits": Kind(cells=circuits.cells, measure=circuits.measure, render=circuits.render, fresh=circuits.fresh),
    "evaluations": Kind(cells=evaluations.cells, measure=evaluations.measure, render=evaluations.render),
    "runs": Kind(cells=runs.cells, measure=runs.measure, render=runs.render),
    "text": Kind(cells=texts.cells, measure=texts.measure, render=texts.render),
}


def known(table: Table) -> dict[str, Any]:
    """The cells that were measured, by name."""
    return dict(json.loads(table.results.read_text())) if table.results.exists() else {}


def text(table: Table) -> str:
    """The table as its pages show it."""
    return KINDS[table.kind].render(table.settings, known(table))


def stale(table: Table, data: Path | None) -> list[str]:
    """Names of the cells that were never measured, or of which today's input is another."""
    rows, kind = known(table), KINDS[table.kind]
    return [
        name
        for name, cell in kind.cells(table.settings).items()
        if not (name in rows and kind.fresh(cell, rows[name], data))
    ]


def measure(table: Table, data: Path | None, say: Callable[[str], None]) -> None:
    """Measure each stale cell, and keep it at once; what a command cannot measure keeps its old row."""
    kind = KINDS[table.kind]
    for name, cell in kind.cells(table.settings).items():
        rows = known(table)
        try:
            if name in rows and kind.fresh(cell, rows[name], data):
                continue
            say(f"{table.name}: {name}")
            rows[name] = kind.measure(cell, data)
        except DataMissingError as missing:
            say(f"{table.name}: {name} is not measured, --data is needed for tospike {missing}")
        except CommandFailedError as failed:
            say(f"{table.name}: {name} is not measured: {failed}")
        else:
            keep(table, {cell_name: rows[cell_name] for cell_name in kind.cells(table.settings) if cell_name in rows})


def keep(table: Table, rows: dict[str, Any]) -> None:
    """Write the rows, all or none."""
    unfinished = table.results.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    unfinished.replace(table.results)


def main(arguments: Sequence[str]) -> int:
    """Measure the tables that are named, or all, and write every page; 1 if `--stale` finds one."""
    everything = tables()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"tables to measure: {', '.join(everything)}; all by default"
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets that are not part of tospike")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the pages")
    parser.add_argument(
        "--stale", action="store_true", help="measure nothing, name the circuits and boards whose Verilog has changed"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(everything):
        parser.error(f"no table is called {', '.join(sorted(unknown))}")
    chosen = [everything[name] for name in options.names or everything]
    if options.stale:
        found = [
            f"{table.name}: {name}"
            for table in chosen
            if table.kind in ("boards", "circuits")
            for name in stale(table, options.data)
        ]
        print("\n".join(found))
        return bool(found)
    if not options.write:
        for table in chosen:
            measure(table, options.data, lambda line: print(line, file=sys.stderr, flush=True))
    for page in markdown.pages():
        for name, _ in markdown.blocks(page):
            markdown.write(page, name, text(everything[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
