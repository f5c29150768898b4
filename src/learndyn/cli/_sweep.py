"""`learndyn sweep`: an experiment over a grid, as a file says."""

import json
from pathlib import Path
from typing import Annotated

import typer

from learndyn._errors import InputError


def sweep(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="TOML file: experiment, seed, repeats, [fixed], [grid]; see docs/sweeps.md."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the cells, sweep.zarr, and their summary, sweep.json.")
    ] = Path("sweep"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a folder in use.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    experiments: Annotated[
        bool, typer.Option("--experiments", help="Print what can be swept, and stop.")
    ] = False,
) -> None:
    """Run an experiment in every cell of the grid of RUN; a run that is cut off is taken up.

    For what can be swept, and all parameters, see --experiments.
    """
    # Imported here, so that help and refusals of options do not wait for the compiler.
    import jax

    from learndyn import _experiments, _io
    from learndyn.cli._show_sweep import print_experiments, print_sweep, sweep_progress

    jax.config.update("jax_enable_x64", True)
    if experiments:
        print_experiments(_experiments.EXPERIMENTS.values())
        return
    configuration = _experiments.read_configuration(_given(run), _experiments.EXPERIMENTS)
    with (
        _experiments.claimed_folder(out, configuration.summary(), force=force),
        sweep_progress() as progress,
    ):
        found = _experiments.sweep_experiment(
            configuration.experiment,
            configuration.grid,
            configuration.fixed,
            seed=configuration.seed,
            store=out / _experiments.STORE,
            progress=progress,
        )
        summary = _experiments.summarize(configuration, found)
        _io.write_json(out / _experiments.SUMMARY, summary)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        print_sweep(summary, configuration.experiment.title, out)


def _given(run: Path | None) -> Path:
    """The file, which is left out only where it is not needed."""
    if run is None:
        cure = "learndyn sweep --experiments tells what can be swept."
        raise InputError("a TOML file of a sweep", "none", cure)
    return run
