"""The demo on one self-contained page: no script, no network."""

from tospike.compare.demo.figures import activity_figure, energy_figure, input_figure
from tospike.compare.demo.record import Demo
from tospike.compare.energy.counters.energy import PARTS
from tospike.compare.report.figures.drawing import css_variables
from tospike.compare.report.figures.parts import ENERGY_LABELS
from tospike.compare.report.template import fill

NAME = "demo.html"


def demo_html(demo: Demo) -> str:
    """Return the page."""
    designs = demo.designs
    parts = [part for part in PARTS if any(design.energy.parts[part] for design in designs)]
    return fill(
        "demo.html.j2",
        demo=demo,
        variables=css_variables(),
        picture=input_figure(demo.data, demo.sample).in_page,
        activity=[activity_figure(design).in_page for design in designs],
        energy=energy_figure(designs).in_page if any(design.moments for design in designs) else None,
        parts=[(ENERGY_LABELS[part], [design.energy.parts[part] / 1000 for design in designs]) for part in parts],
        outputs=max(len(design.outputs) for design in designs),
    )
