"""The program ``tospike``, which turns every error that the user can correct into one line and an exit status."""

import os
import signal
import sys
from contextlib import suppress
from importlib import metadata
from typing import Annotated, Any

import typer

from tospike.cli import console
from tospike.cli.commands import LazyGroup
from tospike.gen.files.output import nobody_reads
from tospike.gen.tools.children import Stopped, end_all, stop_on_signals
from tospike.hw.params import InputError

BAD_INPUT = 2
UsageError: Any = typer.BadParameter.__base__
"""The exception that typer raises for an invalid command line."""

app = typer.Typer(
    name="tospike",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        console.out.print(f"tospike {metadata.version('tospike')}", highlight=False)
        raise typer.Exit


@app.callback()
def top(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Spikes or not? Generate, verify, synthesise and compare ANN and SNN hardware for a trained network."""


def main() -> None:
    """Run the command line.

    The exit status is 2, with one line on stderr, for errors that the user can correct and after Ctrl-C; 143 after
    SIGTERM, 129 after SIGHUP, and 141 if the reader of the output has exited. In every case, child processes end and
    temporary folders are removed.
    """
    console.write_any_name()
    console.show_warnings()
    try:
        stop_on_signals()
        try:
            status = app(standalone_mode=False, prog_name="tospike")
            console.out.file.flush()
        except InputError as error:
            _print_error(str(error))
            status = BAD_INPUT
        except UsageError as error:
            path = error.ctx.command_path if error.ctx else "tospike"
            _print_error(f"{error.format_message().replace('Value error, ', '').rstrip('.')} (see {path} --help)")
            status = BAD_INPUT
        except typer.Abort:
            _print_error("interrupted")
            status = BAD_INPUT
        except MemoryError:
            _print_error("there is not enough memory: give fewer samples, or a smaller network")
            status = BAD_INPUT
        except BrokenPipeError:
            nobody_reads()
        except OSError as error:
            _print_error(f"{error.filename or 'the system'}: {error.strerror or error}")
            _drop_output()
            status = BAD_INPUT
    except Stopped as stopped:
        end_all()
        number = stopped.args[0]
        what = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
        with suppress(OSError, SystemExit):  # the terminal may be gone
            _print_error(f"{what}; nothing was left half-written")
        status = BAD_INPUT if number == signal.SIGINT else 128 + number
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(status)  # other threads may still compute
    sys.exit(status or 0)


def _drop_output() -> None:
    """Forget what standard output did not take: Python would fail again when it exits, with a status of its own."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(message: str) -> None:
    console.err.print(
        f"tospike: {' '.join(message.split())}", style="red", markup=False, highlight=False, soft_wrap=True
    )


if __name__ == "__main__":
    main()
