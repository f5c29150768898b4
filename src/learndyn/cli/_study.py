"""`learndyn study`: prediction and training, side by side."""

import json
from pathlib import Path
from typing import Annotated

import typer

from learndyn.cli._environment import prepare_process


def study(
    source: Annotated[
        str,
        typer.Argument(
            help="integration, neurogym, digits, neurogym:TASK, a file .npz, .csv, .tsv or "
            ".parquet, a folder with x.npy and y.npy, or module:function; see docs/sources.md."
        ),
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
    center: Annotated[
        bool, typer.Option("--center", help="Subtract the mean over trials, per step and channel.")
    ] = False,
    whiten: Annotated[
        str | None, typer.Option(help="Make the inputs white: channels or innovations.")
    ] = None,
    inputs: Annotated[
        str | None, typer.Option(help="Input columns of a table, a,b,…; by default x1, x2, …")
    ] = None,
    targets: Annotated[
        str | None, typer.Option(help="Target columns of a table, a,b,…; by default y1, y2, …")
    ] = None,
    trial_column: Annotated[str, typer.Option(help="Column of a table: which trial.")] = "trial",
    time_column: Annotated[str, typer.Option(help="Column of a table: time in it.")] = "time",
    trials: Annotated[
        int, typer.Option(help="Trials drawn from the integration tasks and NeuroGym's.")
    ] = 2000,
    hidden: Annotated[
        int | None, typer.Option(help="Hidden units; by default as many as channels.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Size of the random start.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the start and of the trials.")] = 0,
    seeds: Annotated[int, typer.Option(help="Random starts, each trained and predicted.")] = 1,
    learning_rate: Annotated[
        float | None, typer.Option(help="By default 0.02 over the curvature along the flow.")
    ] = None,
    max_steps: Annotated[
        int | None,
        typer.Option(help="Gradient steps at most; by default a million, fewer for a large task."),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            help="A network that you trained, in place of one trained here: .npz, .safetensors, or "
            "a folder of .safetensors; see docs/checkpoints.md."
        ),
    ] = None,
    names: Annotated[
        str | None, typer.Option(help="Names in the checkpoints: w_x=NAME,w_h=NAME,w_y=NAME.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a folder in use.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Say what a linear RNN will learn from SOURCE, train one, and show both."""
    prepare_process()
    # Imported here, so that help and refusals of options do not wait for the compiler.
    import jax

    from learndyn._study import Options, claimed_folder, configure, make_study, read_checkpoints
    from learndyn.cli._names import columns, pairs
    from learndyn.cli._show import print_summary, told_of_interruption
    from learndyn.sources import describe, drawn, open_source
    from learndyn.statistics import TaskStatistics

    jax.config.update("jax_enable_x64", True)
    # Options out of range are refused before trials are read.
    options = Options(
        hidden=hidden,
        scale=scale,
        seed=seed,
        seeds=seeds,
        learning_rate=learning_rate,
        max_steps=max_steps,
    )
    opened = open_source(
        source,
        target=target,
        count=trials,
        seed=seed,
        outputs=outputs,
        center=center,
        whiten=whiten,
        columns=columns(inputs, targets, trial_column, time_column),
    )
    brought = None if checkpoints is None else read_checkpoints(checkpoints, pairs(names))
    statistics = TaskStatistics.from_trials(opened.trials)
    asked = {
        "source": source,
        "target": target if drawn(source) else None,
        "trials": trials if drawn(source) else None,
        "center": center,
        "whiten": whiten,
        "inputs": inputs,
        "targets": targets,
        "trial_column": None if trial_column == "trial" else trial_column,
        "time_column": None if time_column == "time" else time_column,
        "names": names,
    }
    configuration = configure(
        statistics,
        opened,
        options,
        asked=asked,
        checkpoints=None if brought is None else brought.name,
    )
    with claimed_folder(out, configuration, force=force), told_of_interruption(out) as progress:
        done = make_study(
            statistics,
            configuration,
            describe(opened),
            checkpoints=brought,
            folder=out,
            progress=progress,
        )
        done.save(out)
    if as_json:
        typer.echo(json.dumps(done.summary()))
    else:
        print_summary(done.summary(), out)
