"""HTML templates for jinja2, with escaped text and filters for numbers."""

from collections.abc import Mapping
from importlib import resources

import jinja2

from tospike.compare.report.numbers import count, percent, signed, significant


def fill(name: str, **values: object) -> str:
    """Render the template ``name`` of this folder with ``values``; a missing value is an error."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(_text),
    )
    environment.filters.update(significant=significant, count=count, plain=as_text, signed=signed, percent=percent)
    return environment.get_template(name).render(**values)


def _text(name: str) -> str:
    return resources.files("tospike.compare.report").joinpath(name).read_text("utf-8")


def as_text(value: object) -> str:
    """Format a choice or an entry of the provenance."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case Mapping():
            return ", ".join(f"{key} {as_text(inner)}" for key, inner in value.items())
        case list() | tuple():
            return ", ".join(map(as_text, value))
        case _:
            return str(value)
