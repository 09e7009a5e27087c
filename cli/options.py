"""Command-line parameters generated from option classes."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer

from tospike.compare.sweep.axes import Axes
from tospike.gen.options.file import read_options_file
from tospike.gen.options.layers import LAYER_OPTIONS, merged, parse_by_layer, parse_layers
from tospike.gen.options.model import CLASSES, OPTIONS, ModelOptions
from tospike.hw.params import Option, options_given, options_of

Command = Callable[..., None]
_CHOICES_WIDTH = 10
"""Width up to which choices leave room for names and help in 80 columns; wider ones are listed in the help."""
_PANEL = "Options from a file, and of single layers"
_FILE = inspect.Parameter(
    "options_file",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        Path | None,
        typer.Option(
            "--options",
            help="TOML file of the options below by name, and tables [layer.NAME]; the command line takes precedence.",
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


@dataclass(frozen=True)
class _Without:
    names: tuple[str, ...]


def without(*names: str) -> _Without:
    """Exclude options by name from a command: a second argument of ``Annotated``, after the option class."""
    return _Without(names)


def takes_options(command: Command) -> Command:
    """Give a typer command a parameter for each option of the option classes among its own parameters.

    A parameter of a dataclass with options, or of `ModelOptions`, gets an instance made of what was given.

    Raises
    ------
    InputError
        When the command is called: a value is out of range.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    classes = {p.name: cls for p in own if (cls := _option_class(p.annotation)) is not None}
    expanded = {p.name: list(_parameters(classes[p.name], p.annotation)) for p in own if p.name in classes}
    plain = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p.name not in expanded]
    parameters = [*plain, *(p for several in expanded.values() for p in several)]

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


def given_on_command_line(context: typer.Context, *classes: type) -> dict[str, str]:
    """Return, by name, the options of option classes that a user gave, as they were given, in the order of the classes.

    Options from the environment and defaults are not given, but a value that is the default may be.
    """
    return {
        option.name: option.flag.replace("--", "--no-", 1) if context.params[option.name] is False else option.flag
        for cls in classes
        for option in options_of(cls).values()
        if getattr(context.get_parameter_source(option.name), "name", "") == "COMMANDLINE"
    }


def _option_class(annotation: Any) -> Any:
    """Return the option class of a parameter; ``None`` if it is an ordinary parameter of typer."""
    cls = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if not isinstance(cls, type):
        return None
    known = cls is ModelOptions or issubclass(cls, Axes) or (is_dataclass(cls) and bool(options_of(cls)))
    return cls if known else None


def _made(cls: Any, chosen: dict[str, Any]) -> Any:
    if cls is ModelOptions:
        file, layers = chosen.pop(_FILE.name), parse_layers(chosen.pop(_LAYER.name) or ())
        given = {name: value for name, value in chosen.items() if value is not None}
        for name in [name for name in given if OPTIONS[name].by_layer]:
            given[name], of_layers = parse_by_layer(name, given[name])
            layers = merged(of_layers, layers)
        made = read_options_file(file) if file else ModelOptions()
        return made.but(**{name: value for name, value in given.items() if value is not None}).with_layers(layers)
    return cls(chosen) if issubclass(cls, Axes) else options_given(cls, chosen)


def _parameters(cls: Any, annotation: Any) -> Iterator[inspect.Parameter]:
    """Yield a parameter for each option; ``None`` stands for an optional one's default, which the help states."""
    if cls is ModelOptions:
        yield from (_FILE, _LAYER)
    if issubclass(cls, Axes):
        known = list(cls.options().values())
    else:
        known = [
            option for each in (CLASSES if cls is ModelOptions else (cls,)) for option in options_of(each).values()
        ]
    left_out = {name for extra in get_args(annotation)[1:] for name in extra.names}
    assert left_out <= {option.name for option in known}
    for option in known:
        if option.help and not option.layers_only and option.name not in left_out:
            yield inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=... if option.is_required else None,
                annotation=_annotation(option),
            )


def _annotation(option: Option) -> Any:
    flags = (option.flag,) if option.type is bool and option.default is False else ()
    is_wide = len("|".join(option.choices)) > _CHOICES_WIDTH
    said = typer.Option(
        *flags,
        help=option.text_with_choices if is_wide else option.text,
        metavar="LAYER=CHOICE,..." if option.by_layer else "CHOICE" if is_wide else option.metavar,
        rich_help_panel=option.panel,
    )
    if option.by_layer:
        return Annotated[str | None, said]
    kind = list[option.type] if option.is_several else option.type  # type: ignore[name-defined]
    return Annotated[kind if option.is_required else kind | None, said]
