"""Entry point of `learndyn`; every refusal is one sentence and exit code 2."""

import sys
from importlib.metadata import version

import typer

from learndyn._errors import AssumptionError, InputError, MissingExtraError, SolveError
from learndyn.cli._figure import figure
from learndyn.cli._study import study

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
    except (InputError, AssumptionError, SolveError, MissingExtraError, OSError) as error:
        print(f"learndyn: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("learndyn: interrupted; what was under way is not finished.", file=sys.stderr)
        sys.exit(130)
