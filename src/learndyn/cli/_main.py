"""Entry point of `learndyn`; every refusal is one sentence and exit code 2."""

import errno
import sys
from importlib.metadata import version

import typer

from learndyn._errors import (
    AssumptionError,
    InputError,
    Interrupted,
    MissingExtraError,
    SolveError,
    SweepError,
    is_no_room,
)
from learndyn.cli._figure import figure
from learndyn.cli._study import study
from learndyn.cli._sweep import sweep

_REFUSALS = (
    InputError,
    AssumptionError,
    SolveError,
    SweepError,
    MissingExtraError,
    OSError,
)
_INTERRUPTED = 130
# What is needed where a disk refuses.
_NEEDED = {
    errno.ENOSPC: "room on the disk",
    errno.EDQUOT: "room within the quota of the disk",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EROFS: "a disk that can be written to",
}

app = typer.Typer(
    name="learndyn",
    help="Learning dynamics of linear recurrent networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(study)
app.command()(figure)
app.command()(sweep)


@app.callback(invoke_without_command=True)
def _options(
    show_version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if show_version:
        typer.echo(version("learndyn"))
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    try:
        app()
    except Interrupted as error:
        print(f"learndyn: {error}", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if not isinstance(error, _REFUSALS) and not is_no_room(error):
            raise
        print(f"learndyn: {_sentence(error)}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as ended:
        # typer turns the first into the second, without a word.
        if isinstance(ended, SystemExit) and ended.code != _INTERRUPTED:
            raise
        sentence = "interrupted; what was under way is not finished. The same command goes on."
        print(f"learndyn: {sentence}", file=sys.stderr)
        sys.exit(_INTERRUPTED)


def _sentence(error: Exception) -> str:
    """What was needed, what was found, and what helps; where a disk refuses, what is kept."""
    if not isinstance(error, _REFUSALS):
        said = str(error).strip().rstrip(".") or type(error).__name__
        return f"Expected arrays that fit into memory; got others ({said}). {_SMALLER}"
    if not isinstance(error, OSError) or error.errno not in _NEEDED:
        return str(error)
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"Expected {_NEEDED[error.errno]}; got {error.strerror}{where}. Finished figures and "
        "chunks of a sweep are kept: see to that, and run the same command again."
    )


_SMALLER = "Shorten the trials, or give fewer channels or hidden units."
