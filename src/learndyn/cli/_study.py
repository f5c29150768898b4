"""`learndyn study`: prediction and training, side by side."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer


def study(
    source: Annotated[
        str, typer.Argument(help="integration, neurogym, digits, or a file .npz with x and y.")
    ] = "integration",
    out: Annotated[
        Path, typer.Option(help="Folder for summary.json, the curves and the figure.")
    ] = Path("study"),
    target: Annotated[
        str, typer.Option(help="Integration tasks report: mean, sum, late or early.")
    ] = "mean",
    outputs: Annotated[
        str | None,
        typer.Option(help="Targets at the final step or at every step; by default as they come."),
    ] = None,
    trials: Annotated[int, typer.Option(help="Trials drawn from the integration tasks.")] = 2000,
    hidden: Annotated[
        int | None, typer.Option(help="Hidden units; by default as many as channels.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Size of the random start.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the start and of the trials.")] = 0,
    learning_rate: Annotated[
        float | None, typer.Option(help="By default 0.02 over the curvature along the flow.")
    ] = None,
    max_steps: Annotated[int, typer.Option(help="Gradient steps at most.")] = 2_000_000,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a folder in use.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Say what a linear RNN will learn from SOURCE, train one, and show both."""
    # Imported here, so that help and refusals of options do not wait for the compiler.
    import jax

    from learndyn._study import claim_folder, configure, open_source, study_trials
    from learndyn.cli._show import print_summary, progress_bar

    jax.config.update("jax_enable_x64", True)
    opened = open_source(source, target=target, count=trials, seed=seed, outputs=outputs)
    configuration = configure(
        opened.trials,
        source=opened.name,
        hidden=hidden,
        scale=scale,
        seed=seed,
        learning_rate=learning_rate,
        max_steps=max_steps,
    )
    existed = out.exists()
    claim_folder(out, configuration, force=force)
    try:
        with nullcontext() if as_json else progress_bar() as progress:
            done = study_trials(opened.trials, configuration, progress=progress)
    except BaseException:
        if not existed:
            out.rmdir()
        raise
    done.save(out)
    if as_json:
        typer.echo(json.dumps(done.summary()))
    else:
        print_summary(done.summary(), out)
