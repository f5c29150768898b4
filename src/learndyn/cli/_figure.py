"""`learndyn figure`: the figures of the paper, and which of their claims hold."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


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

    Ends with 1 where the outcome of a claim is not the recorded one.
    """
    # Imported here, so that help and refusals of options do not wait for the compiler.
    import jax

    from learndyn.cli._show import print_claims
    from learndyn.figures import (
        claim_folder,
        figure_configuration,
        figure_names,
        make_figure,
    )

    jax.config.update("jax_enable_x64", True)
    names = figure_names(name)
    # Refuses a name that is none, before a folder is made.
    numbers = {each: figure_configuration(each, quick=quick, source=source) for each in names}
    existed = out.exists()
    to_do = claim_folder(out, numbers, force=force)
    try:
        for each in to_do:
            done = make_figure(each, numbers[each])
            done.save(out)
            if not as_json:
                print_claims(done.summary(), out)
    finally:
        if not existed and not any(out.iterdir()):
            out.rmdir()
    summaries = [json.loads((out / f"{each}.json").read_text()) for each in names]
    if as_json:
        typer.echo(json.dumps(summaries))
    if not all(summary["as_expected"] for summary in summaries):
        sys.exit(1)
