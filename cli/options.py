"""Command-line parameters from option classes: what stands in a class is written nowhere else."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from tospike.gen.options.file import read_options_file
from tospike.gen.options.layers import LAYER_OPTIONS, parse_layers
from tospike.gen.options.model import CLASSES, ModelOptions
from tospike.hw.params import Option, options_of

Command = Callable[..., None]
_PANEL = "Options from a file, and of single layers"
_FILE = inspect.Parameter(
    "options_file",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        Path | None,
        typer.Option(
            "--options",
            help="TOML file with the options below by name, and tables [layer.NAME]; what is given here wins.",
            rich_help_panel=_PANEL,
        ),
    ],
)
_LAYER_NAMES = ", ".join(name.replace("_", "-") for name in sorted(LAYER_OPTIONS))
_LAYER = inspect.Parameter(
    "layer",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYER.OPTION=VALUE",
            help=f"An option of one layer; may be given more than once. There are {_LAYER_NAMES}.",
            rich_help_panel=_PANEL,
        ),
    ],
)


def takes_options(command: Command) -> Command:
    """Give a typer command a parameter for each option of the option classes among its own parameters.

    A parameter of a dataclass with options, or of `ModelOptions`, gets an instance made of what was given.

    Raises
    ------
    InputError
        When called: a value out of its range.
    """
    own = list(inspect.signature(command).parameters.values())
    expanded = {p.name: list(_parameters(p.annotation)) for p in own if _has_options(p.annotation)}
    plain = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p.name not in expanded]
    parameters = [*plain, *(p for several in expanded.values() for p in several)]
    classes = {p.name: p.annotation for p in own if p.name in expanded}

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        made = {
            name: _made(cls, {p.name: arguments.pop(p.name) for p in expanded[name]}) for name, cls in classes.items()
        }
        arguments |= made
        command(**arguments)

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def _has_options(annotation: Any) -> bool:
    return annotation is ModelOptions or (
        isinstance(annotation, type) and is_dataclass(annotation) and bool(options_of(annotation))
    )


def _made(cls: Any, chosen: dict[str, Any]) -> Any:
    if cls is ModelOptions:
        file, layers = chosen.pop(_FILE.name), parse_layers(chosen.pop(_LAYER.name) or ())
        return (read_options_file(file) if file else ModelOptions()).but(**_given(chosen)).with_layers(layers)
    known = options_of(cls)
    return cls(**{known[name].field: value for name, value in _given(chosen).items()})


def _given(chosen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chosen.items() if value is not None}


def _parameters(cls: Any) -> Iterator[inspect.Parameter]:
    """An optional parameter for each option: ``None`` stands for the default, which the help tells."""
    if cls is ModelOptions:
        yield from (_FILE, _LAYER)
    for each in CLASSES if cls is ModelOptions else (cls,):
        for name, option in options_of(each).items():
            if option.help and not option.layers_only:
                yield inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=None,
                    annotation=_annotation(option, getattr(each, "PANEL", None)),
                )


def _annotation(option: Option, panel: str | None) -> Any:
    flags = (option.flag,) if option.type is bool and option.default is False else ()
    said = typer.Option(*flags, help=option.text, rich_help_panel=panel)
    return Annotated[option.type | None, said]
