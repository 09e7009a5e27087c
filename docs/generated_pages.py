"""Pages that `make docs` makes of the code: the API of each package, and the help of each command."""

import tomllib
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.core import TyperGroup

from tospike.cli.main import app

ROOT = Path(__file__).parent.parent
API = "Python API"


def packages() -> dict[str, list[str]]:
    """Modules with a docstring by package, in the order of ``pyproject.toml``, the packages' own names first."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {}
    for package in setuptools["packages"]:
        folder = ROOT / ".typing" / package.replace(".", "/")
        modules = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
        if package != "tospike.examples" and folder.is_dir():
            found[package] = [package, *(f"{package}.{name}" for name in modules)]
    return found


def api_page(package: str, modules: list[str]) -> str:
    """Return the page of one package: a heading, then what mkdocstrings makes of each module."""
    parts = [f"# {package}"]
    for module in modules:
        parts.append(f"::: {module}\n    options:\n      heading_level: 2\n      show_submodules: false")
    return "\n\n".join(parts) + "\n"


def help_page() -> str:
    """Return one page with the help of every command, as the terminal shows it."""
    parts = ["# Commands", "The help of every command, as `--help` prints it."]

    def add(command: Any, context: typer.Context, level: int) -> None:
        parts.append(f"{'#' * level} {context.command_path}\n\n```text\n{plain_help(command, context)}\n```")
        if isinstance(command, TyperGroup):
            for name in command.list_commands(context):
                _, child, _ = command.resolve_command(context, [name])
                add(child, typer.Context(child, info_name=name, parent=context), level + 1)

    root = typer.main.get_command(app)
    add(root, typer.Context(root, info_name="tospike"), 2)
    return "\n\n".join(parts) + "\n"


def plain_help(command: Any, context: typer.Context) -> str:
    """Return the help without frames and colours."""
    formatter = context.make_formatter()
    formatter.width = 110
    command.format_usage(context, formatter)
    command.format_help_text(context, formatter)
    command.format_options(context, formatter)
    return formatter.getvalue().strip()


def of_root(name: str, up: str) -> str:
    """Return a page of the repository's root, with ``up`` in place of the folder ``docs`` in its links."""
    return (ROOT / name).read_text().replace("](docs/", f"]({up}")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the API's pages into the navigation."""
    for section in config.nav or []:
        for page in section.get("Reference", []) if isinstance(section, dict) else []:
            if isinstance(page, dict) and API in page:
                page[API] = [f"reference/api/{package}.md" for package in packages()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    pages = {"reference/commands.md": help_page(), "changelog.md": of_root("CHANGELOG.md", "")}
    pages |= {"contributing/index.md": of_root("CONTRIBUTING.md", "../")}
    pages |= {f"reference/api/{package}.md": api_page(package, modules) for package, modules in packages().items()}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files
