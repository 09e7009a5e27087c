"""Command-line parameters from option classes: what stands in a class is written nowhere else."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Annotated, Any

import typer

from tospike.gen.options import CLASSES, ModelOptions
from tospike.hw.params import Option, options_of

Command = Callable[..., None]


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
        for name, cls in classes.items():
            chosen = {p.name: arguments.pop(p.name) for p in expanded[name]}
            arguments[name] = _made(cls, chosen)
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
        return ModelOptions(chosen)
    known = options_of(cls)
    return cls(**{known[name].field: value for name, value in chosen.items() if value is not None})


def _parameters(cls: Any) -> Iterator[inspect.Parameter]:
    """An optional parameter for each option: ``None`` stands for the default, which the help tells."""
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
