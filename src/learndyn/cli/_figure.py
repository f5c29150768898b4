"""`learndyn figure`: the figures of the paper, and which of their claims hold."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from learndyn._errors import FigureError, Interrupted
from learndyn.cli._environment import prepare_process


def figure(
    name: Annotated[
        str, typer.Argument(help="Name of a figure, such as 2; M: all of that letter; or all.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for drawings, data and claims of the figures.")
    ] = Path("figures"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: fewer seeds, where a figure has many.")
    ] = False,
    source: Annotated[
        str,
        typer.Option(help="Stimuli of figures 6 and A8: integration, or neurogym (an extra)."),
    ] = "integration",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a folder in use.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the claims as JSON.")] = False,
) -> None:
    """Make figure NAME again, from simulation and theory, and measure its claims.

    Ends with 1 where the outcome of a claim is not the recorded one, with 2 where a figure could
    not be made. The same command goes on where it was.
    """
    prepare_process()
    # Imported here, so that help and refusals of options do not wait for the compiler.
    import jax

    from learndyn.figures import claim_folder, figure_configuration, figure_names

    jax.config.update("jax_enable_x64", True)
    names = figure_names(name)
    # Refuses a name that is none, before a folder is made.
    numbers = {each: figure_configuration(each, quick=quick, source=source) for each in names}
    existed = out.exists()
    to_do = claim_folder(out, numbers, force=force)
    try:
        failures = _make({each: numbers[each] for each in to_do}, out, names)
    finally:
        if not existed and not any(out.iterdir()):
            out.rmdir()
    _finish(out, names, failures, as_json=as_json)


def _make(configurations: dict, out: Path, names: list[str]):
    from learndyn.cli._show_figures import print_outcome
    from learndyn.figures import make_group, read_summary

    failures: dict[str, str] = {}
    done, of = 0, len(configurations)
    try:
        for done, outcome in enumerate(make_group(configurations, out, names), start=1):
            if outcome.failure:
                failures[outcome.name] = outcome.failure
            if len(names) > 1:
                print_outcome(outcome, read_summary(out, outcome.name), f"{done}/{of}")
    except KeyboardInterrupt as error:
        kept = f", kept in {out}" if done else ""
        sentence = f"Interrupted after {done} of {of} figures{kept}. The same command goes on."
        raise Interrupted(sentence) from error
    return failures


def _finish(out: Path, names: list[str], failures: dict[str, str], *, as_json: bool):
    from learndyn.cli._show_figures import print_claims, print_group
    from learndyn.figures import read_summary

    summaries = [made for each in names if (made := read_summary(out, each)) is not None]
    if as_json:
        typer.echo(json.dumps(summaries))
    elif len(names) > 1:
        print_group(summaries, out)
    elif summaries:
        print_claims(summaries[0], out)
    if failures:
        raise FigureError(failures)
    if not all(summary["as_expected"] for summary in summaries):
        sys.exit(1)
