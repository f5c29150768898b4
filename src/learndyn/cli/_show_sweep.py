"""Tables and progress of a sweep."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from learndyn._experiments import Experiment

# Seconds between two lines, where there is no terminal for a bar.
_PAUSE = 30.0


@contextmanager
def sweep_progress() -> Iterator[Callable[[int, int, float], None]]:
    """A bar of cells on standard error; a line each half a minute where that is no terminal.

    Yields:
        A function of cells done, cells in all, and the seconds left.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells, {task.fields[left]}"),
    )
    last = time.monotonic()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("compiling", total=None, left="")

        def report(done: int, total: int, seconds: float) -> None:
            nonlocal last
            left = _left(seconds)
            bar.update(task, description="sweeping", completed=done, total=total, left=left)
            if not console.is_terminal and time.monotonic() - last >= _PAUSE:
                last = time.monotonic()
                console.print(f"{done:,} of {total:,} cells, {left}", highlight=False)

        yield report


def _left(seconds: float) -> str:
    """Time left, in the two largest units."""
    if not math.isfinite(seconds):
        return "compiling"
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min left"
    return f"{minutes} min {rest} s left" if minutes else f"{rest} s left"


def print_sweep(summary: dict, title: str, folder: Path) -> None:
    """Print a sweep as tables.

    Args:
        summary: its summary.
        title: what the experiment finds out.
        folder: where its files are.
    """
    console = Console()
    configuration = summary["configuration"]
    console.print(f"\n[bold]{configuration['experiment']}[/]: {escape(title)}", highlight=False)
    console.print(_grid(configuration))
    console.print(_outputs(summary["outputs"]))
    if summary["flags"]:
        table = Table(title="Cells in which it is true", title_justify="left")
        table.add_column("output")
        table.add_column("cells", justify="right")
        for name, count in summary["flags"].items():
            table.add_row(name, f"{count:,}")
        console.print(table)
    console.print(f"{summary['cells']:,} cells. Files in {folder}: sweep.zarr, sweep.json")


def _grid(configuration: dict) -> Table:
    table = Table(title="Parameters", title_justify="left")
    for column in ("parameter", "values", ""):
        table.add_column(column, justify="right" if not column else "left")
    for name, row in configuration["grid"].items():
        # The ends and their neighbours tell the spacing.
        ends = [*row[:3], None, row[-1]] if len(row) > 5 else row
        table.add_row(name, ", ".join("…" if v is None else _value(v) for v in ends), f"{len(row)}")
    for name, value in configuration["fixed"].items():
        table.add_row(name, "none" if value is None else _value(value), "")
    if configuration["seed"] is not None:
        table.add_row("seed", _value(configuration["seed"]), "")
    return table


def _outputs(outputs: dict) -> Table:
    table = Table(title="Outputs", title_justify="left")
    for column in ("output", "least", "mean", "largest", "finite"):
        table.add_column(column, justify="left" if column == "output" else "right")
    for name, one in outputs.items():
        spread = ["—" if one[k] is None else _value(one[k]) for k in ("min", "mean", "max")]
        share = "all" if one["finite"] == one["of"] else f"{one['finite']:,} of {one['of']:,}"
        table.add_row(name, *spread, share)
    return table


def _value(value: float | int | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_experiments(experiments: Iterable[Experiment]) -> None:
    """Print what can be swept.

    Args:
        experiments: the experiments.
    """
    console = Console()
    for each in experiments:
        table = Table(title=f"{each.name}: {escape(each.title)}", title_justify="left")
        for column in ("parameter", "default", "meaning"):
            table.add_column(column)
        for name, parameter in each.parameters.items():
            default = "none" if parameter.default is None else str(parameter.default)
            among = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
            table.add_row(name, default, escape(f"{parameter.meaning}{among}"))
        console.print(table)
    console.print("Where an experiment is random, seed and repeats go above the tables.")
