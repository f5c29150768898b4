"""Entry point of `learndyn`; every refusal is one sentence and exit code 2."""

import sys
from importlib.metadata import version

import typer

from learndyn._errors import REFUSALS, Interrupted, is_no_room, sentence_of
from learndyn.cli._figure import figure
from learndyn.cli._study import study
from learndyn.cli._sweep import sweep

_INTERRUPTED = 130

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
        if not isinstance(error, REFUSALS) and not is_no_room(error):
            raise
        print(f"learndyn: {sentence_of(error)}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as ended:
        # typer turns the first into the second, without a word.
        if isinstance(ended, SystemExit) and ended.code != _INTERRUPTED:
            raise
        sentence = "interrupted; what was under way is not finished. The same command goes on."
        print(f"learndyn: {sentence}", file=sys.stderr)
        sys.exit(_INTERRUPTED)
