"""``tospike energy models``."""

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.compare.energy.break_even import PUBLISHED
from tospike.compare.energy.counts.models import MODELS
from tospike.compare.energy.technology import load_technology, shipped

app = new_app()


@app.command()
def models() -> None:
    """List the energy models, the technologies and the published break-even points."""
    table = Table("energy model", "source")
    for name, model in MODELS.items():
        table.add_row(name, model.source)
    console.out.print(table)
    table = Table("technology", "platform", "")
    for name in shipped():
        technology = load_technology(name)
        table.add_row(name, technology.platform.value, technology.description)
    console.out.print(table)
    table = Table("published break-even", "", "unit", "source")
    for point in PUBLISHED:
        span = f"{point.low:.3g}" if point.low == point.high else f"{point.low:.3g} to {point.high:.3g}"
        table.add_row(point.name, span, point.unit, point.source)
    console.out.print(table)
