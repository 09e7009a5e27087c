"""Figures as SVG and PDF.

Files contain the colours of light paper, which every program can show. In a page, the same drawing takes its colours
from CSS variables and follows light and dark mode. Text stays text: it is searchable and uses the font of the page.
"""

import html
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from tospike.compare.report.numbers import significant
from tospike.gen.files.output import write_bytes

# Blue and orange are distinguishable with every common colour vision; the first six parts are Paul Tol's "muted"
# set (https://personal.sron.nl/~pault), lightened for dark paper.
PALETTE: Mapping[str, tuple[str, str]] = {
    "ink": ("#1b1f24", "#e8e6e1"),
    "muted": ("#5b636d", "#a5a9af"),
    "rule": ("#d5d9de", "#3a3f47"),
    "paper": ("#ffffff", "#15181c"),
    "ann": ("#0b64a8", "#6db3ec"),
    "snn": ("#c4520c", "#f2985a"),
    "hybrid": ("#1d7a4f", "#66c79a"),
    "qnn": ("#7a3b96", "#c99be0"),
    "mac": ("#332288", "#9a91ea"),
    "sop": ("#66b5dd", "#88ccee"),
    "neuron": ("#2f8f80", "#4fbfad"),
    "weights": ("#d9c463", "#ddcc77"),
    "state": ("#cc6677", "#e08593"),
    "activations": ("#882255", "#c9629a"),
    "queues": ("#8a6d3b", "#c4a26a"),
    "idle": ("#7d93b8", "#93a9cf"),
    "clock": ("#8d949d", "#8d949d"),
    "leakage": ("#c3c8ce", "#555b63"),
}
"""Colours by name, on light and dark paper. Those on light paper are distinct, so a page can replace them."""

COLOUR: Mapping[str, str] = {name: light for name, (light, _) in PALETTE.items()}
"""Colours to draw with."""


_FONTS = "system-ui, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A rendered figure."""

    element: str
    """The ``<svg>`` element, without background."""
    title: str
    figure: Figure = field(repr=False, compare=False)

    @cached_property
    def pdf(self) -> bytes:
        """The PDF file; it takes longer than the SVG, for its fonts, so it is made where one is wanted."""
        page = io.BytesIO()
        metadata = {"Title": self.title, "CreationDate": None}
        with mpl.rc_context({"pdf.fonttype": 42}):
            self.figure.savefig(page, format="pdf", facecolor=COLOUR["paper"], metadata=metadata)
        return page.getvalue()

    @property
    def in_page(self) -> str:
        """The element for a page with `css_variables`."""
        text = self.element
        for name, colour in COLOUR.items():
            text = text.replace(colour, f"var(--{name})")
        return text

    @property
    def svg(self) -> str:
        """A standalone SVG file, with background and font."""
        paper = f'<rect width="100%" height="100%" fill="{COLOUR["paper"]}"/>'
        text = self.element.replace("<svg ", f'<svg font-family="{_FONTS}" ', 1)
        return text.replace("</title>", f"</title>{paper}", 1)

    def write(self, path: Path) -> None:
        """Write ``path`` as PDF if it has that extension, else as SVG.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        write_bytes(path, self.file(path.name))

    def file(self, name: str) -> bytes:
        """Return the content of a file of that name: PDF if it has that extension, else SVG."""
        return self.pdf if name.lower().endswith(".pdf") else self.svg.encode()


def css_variables() -> str:
    """Return the style sheet with the figures' colours in light mode, dark mode and print."""
    light, dark = (" ".join(f"--{name}: {pair[index]};" for name, pair in PALETTE.items()) for index in (0, 1))
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"


def new_figure(width: float, height: float) -> Figure:
    """Create a figure; sizes are in inches."""
    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))


def style_axes(axes: Axes, grid: str) -> None:
    """Reduce the axes to a grid along one direction and the labels."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=COLOUR["muted"], labelsize=10)
    axes.grid(visible=True, axis="x" if grid == "x" else "y", color=COLOUR["rule"], linewidth=0.8)
    axes.set_axisbelow(True)


def label_log_axis(axes: Axes, which: Literal["x", "y"], name: str) -> None:
    """Make an axis logarithmic, mark its name accordingly, and label it at 1, 2, 5, 10 and so on."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    limits = axes.get_xlim() if which == "x" else axes.get_ylim()
    axes.minorticks_off()
    low, high = sorted(limits)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in (1, 2, 5) if low <= step * 10.0**decade <= high]
    (axes.set_xticks if which == "x" else axes.set_yticks)(ticks, [significant(tick, 1) for tick in ticks])
    label = axes.set_xlabel if which == "x" else axes.set_ylabel
    label(f"{name}, logarithmic", color=COLOUR["muted"])


def name_beside(
    axes: Axes, text: str, place: tuple[float, float], gap: float, *, color: str = COLOUR["ink"], **style: Any
) -> None:
    """Write ``text`` to the right of a point, at a distance of ``gap`` typographic points."""
    axes.annotate(text, place, xytext=(gap, 0), textcoords="offset points", va="center", color=color, **style)


def on_paper() -> dict[str, Any]:
    """Return the style of a text with a background, for text on lines."""
    return {"bbox": {"boxstyle": "square,pad=0.12", "facecolor": COLOUR["paper"], "edgecolor": "none"}, "zorder": 5}


def render(figure: Figure, title: str) -> Drawing:
    """Render a figure, with an accessible title."""
    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    return Drawing(element=_element(text.getvalue(), title), title=title, figure=figure)


def _element(text: str, title: str) -> str:
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Several figures share one page, so unused IDs could clash.
    text = re.sub(r'(<g) id="[^"]*"', r"\1", text)
    text = re.sub(r"font-family:[^;\"]*;?|(?<=font: )", "", text)
    text = re.sub(r"font: ([0-9.]+px) [^;\"]*", r"font-size: \1", text)
    return re.sub(
        r"(<svg[^>]*)>", lambda svg: f'{svg[1]} role="img"><title>{html.escape(title)}</title>', text, count=1
    )
