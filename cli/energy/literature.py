"""``tospike energy literature``."""

from tospike.cli import console
from tospike.cli.arguments import Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.compare.energy.literature import PublishedResult, published_results
from tospike.compare.plain import to_plain

app = new_app()


@app.command()
def literature(*, json: Json = None) -> None:
    """Compute published comparisons again, from the constants that they state.

    "reproduced": the figure rounds to the published one. Other figures are quoted, with what is missing.
    """
    console.check_outputs(json)
    results = published_results()
    table = Table("publication", "figure", "published", "computed", "")
    for each in results:
        span = f"{each.low:g}" if each.low == each.high else f"{each.low:g} to {each.high:g}"
        computed = "" if each.computed is None else f"{each.computed:.{each.digits}f}"
        table.add_row(each.paper, each.claim, span, computed, _status(each))
    console.out.print(table)
    if json:
        console.write_json(json, [{**to_plain(each), "reproduced": each.reproduced} for each in results])


def _status(result: PublishedResult) -> str:
    return f"reproduced from {result.constants}" if result.reproduced else f"quoted; missing: {result.missing}"
