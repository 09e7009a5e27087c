"""``tospike``: the program, which turns every error that a user can mend into a line and an exit status."""

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
"""What typer raises for a command line that it cannot make sense of."""

app = typer.Typer(
    name="tospike",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        console.out.print(f"tospike {metadata.version('tospike')}", highlight=False)
        raise typer.Exit


@app.callback()
def top(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Spikes or not? Generate, verify, synthesise and compare ANN and SNN hardware for a trained network."""


def main() -> None:
    """Runs the command line.

    Exit status 2, and one line on stderr, for what the user can mend and after Ctrl-C; 143 after SIGTERM, 129 after
    SIGHUP, 141 when the reader of the output has gone. Whatever ends this, no program runs on, and no temporary folder
    stays.
    """
    console.write_any_name()
    console.show_warnings()
    try:
        stop_on_signals()
        try:
            status = app(standalone_mode=False, prog_name="tospike")
            console.out.file.flush()
        except InputError as error:
            _complain(str(error))
            status = BAD_INPUT
        except UsageError as error:
            path = error.ctx.command_path if error.ctx else "tospike"
            _complain(f"{error.format_message().replace('Value error, ', '').rstrip('.')} (see {path} --help)")
            status = BAD_INPUT
        except typer.Abort:
            _complain("interrupted")
            status = BAD_INPUT
        except MemoryError:
            _complain("there is not enough memory: give fewer samples, or a smaller network")
            status = BAD_INPUT
        except BrokenPipeError:
            nobody_reads()
        except OSError as error:
            _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
            status = BAD_INPUT
    except Stopped as stopped:
        end_all()
        number = stopped.args[0]
        what = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
        with suppress(OSError, SystemExit):  # the terminal may be what has gone
            _complain(f"{what}; nothing was left half-written")
        status = BAD_INPUT if number == signal.SIGINT else 128 + number
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(status)  # other threads may still compute
    sys.exit(status or 0)


def _complain(message: str) -> None:
    console.err.print(
        f"tospike: {' '.join(message.split())}", style="red", markup=False, highlight=False, soft_wrap=True
    )


if __name__ == "__main__":
    main()
