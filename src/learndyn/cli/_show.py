"""Tables and progress on a terminal."""

import cmath
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from learndyn._errors import Interrupted

_MEANINGS = {
    "white_input": "inputs uncorrelated, of unit variance",
    "constant_bases": "vectors of the task the same at every lag",
    "aligned": "network aligned to the task",
    "balanced": "input and output weights of one size",
}

# Below this share of the loss at the start, a loss is a rounding error.
_NOTHING = 1e-12
# A row of a spectrum that is wider is shown by its ends.
_WIDE = 70


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, float], None]]:
    """A bar of training steps on standard error, silent when that is not a terminal.

    Yields:
        A function of steps done, steps in all, and the loss.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps, loss {task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("following the flow", total=None, loss="…")

        def report(done: int, total: int, loss: float) -> None:
            bar.update(
                task, description="training", completed=done, total=total, loss=f"{loss:.4g}"
            )

        yield report


@contextmanager
def told_of_interruption(folder: Path) -> Iterator[Callable[[int, int, float], None]]:
    """A progress bar that, when it is interrupted, says what is done.

    Args:
        folder: where that is kept.

    Yields:
        A function of steps done, steps in all, and the loss.

    Raises:
        Interrupted: at an interruption.
    """
    last: tuple[int, int, float] | None = None
    with progress_bar() as report:

        def remember(done: int, total: int, loss: float) -> None:
            nonlocal last
            last = done, total, loss
            report(done, total, loss)

        try:
            yield remember
        except KeyboardInterrupt as error:
            raise Interrupted(_interruption(last, folder)) from error


def _interruption(last: tuple[int, int, float] | None, folder: Path) -> str:
    if last is None:
        return "Interrupted before training began. The same command begins again."
    done, total, loss = last
    return (
        f"Interrupted at {done:,} of {total:,} steps, loss {loss:.4g}, kept in {folder}. "
        "The same command goes on."
    )


def print_summary(summary: dict, folder: Path) -> None:
    """Print a study as tables.

    Args:
        summary: its summary.
        folder: where its files are.
    """
    console = Console()
    task, configuration = summary["task"], summary["configuration"]
    console.print(
        f"\n[bold]{configuration['source']}[/]: {configuration['trials']} trials of "
        f"{task['steps']} steps, {task['inputs']} inputs, {task['outputs']} outputs; "
        f"{configuration['hidden']} hidden units"
    )
    console.print(_form(summary["form"]))
    if summary["readout_floors"] is not None:
        console.print(_readouts(summary["readout_floors"], summary["loss"]["first"]))
    console.print(_spectrum(task))
    console.print(_modes(summary["modes"]))
    console.print(_assumptions(summary["assumptions"]))
    console.print(_losses(summary))
    console.print(_features(summary["feature_learning"], summary["loss"]["trained"]))
    plan = summary["plan"]
    console.print(
        f"{summary['training']['steps']:,} steps at rate {plan['learning_rate']:.3g} "
        f"({plan['learning_rate'] * plan['curvature']:.2g} over the largest curvature, "
        f"{plan['curvature']:.3g}), to time {plan['horizon']:.4g}."
    )
    if plan["shortened"]:
        console.print(
            f"Learning is not over by then; --max-steps {plan['enough_steps']} would be enough."
        )
    files = "report.html, summary.json, predicted.nc, trained.nc, lazy.nc, figure.svg"
    console.print(f"Files in {folder}: {files}")


def _form(form: dict) -> str:
    singular = f"{100 * form['singular']:.4g} %"
    if form["eigen"] is None:
        return f"Constant singular vectors account for {singular} of the task's correlations."
    eigen = f"{100 * form['eigen']:.4g} %"
    better = {
        "singular": f"{singular} of the task's correlations, constant eigenvectors for {eigen}.",
        "eigen": f"{singular} of the task's correlations, constant eigenvectors for more: {eigen}.",
    }
    return f"Constant singular vectors account for {better[form['better']]}"


def _readouts(floors: dict[str, float], first: float) -> str:
    varying = floors["invariant"] - floors["causal"]
    later = floors["causal"] - floors["noncausal"]

    def share(loss: float) -> str:
        return f"{100 * loss / first:.2g} %" if loss > _NOTHING * first else "nothing"

    return (
        f"Of the loss at the start, filters that are the same at every step, as those of a network "
        f"are, leave {share(floors['invariant'])}; of this, filters that change with time would "
        f"explain {share(varying)}, and later inputs {share(later)} more."
    )


def _spectrum(task: dict) -> Table:
    if "temporal_eigenvalues" in task:
        name, parts = "eigenvalues", task["temporal_eigenvalues"]
        both = zip(parts["real"], parts["imaginary"], strict=True)
        values = [[_polar(complex(x, y)) for x, y in zip(*rows, strict=True)] for rows in both]
    else:
        name = "singular values"
        values = [[f"{x:.3g}" for x in row] for row in task["temporal_singular_values"]]
    table = Table(title=f"Temporal {name}, by step of the trial", title_justify="left")
    table.add_column("mode")
    steps, ends = len(values[0]), 2 if "temporal_eigenvalues" in task else 3
    shown = list(range(steps))
    if sum(len(max(column, key=len)) + 3 for column in zip(*values, strict=True)) > _WIDE:
        shown = [*shown[:ends], None, *shown[-ends:]]
    for step in shown:
        table.add_column("…" if step is None else f"t={step + 1}", justify="right")
    for mode, row in enumerate(values[:8], start=1):
        table.add_row(str(mode), *("…" if s is None else row[s] for s in shown))
    return table


def _modes(modes: list[dict]) -> Table:
    table = Table(title="Theory of each mode, as for white input", title_justify="left")
    columns = ("mode", "best b", "best ac", "stable", "prunes", "turn", "half at", "trained")
    for column in columns:
        table.add_column(column, justify="left" if column in ("mode", "prunes") else "right")
    for number, mode in enumerate(modes[:8], start=1):
        best, times = mode["optimum"], mode["learned"]
        pruned = {"prunes_mode": "the mode", "prunes_recurrence": "recurrence"}
        table.add_row(
            str(number),
            _number(best["recurrent"]),
            _number(best["input_output"]),
            "yes" if mode["stable"] else "no",
            next((word for key, word in pruned.items() if mode[key]), ""),
            str(mode["order"]),
            _number(times["predicted"]),
            _number(times["trained"]),
        )
    return table


def _number(value: float | dict[str, float] | None) -> str:
    if isinstance(value, dict):
        return _polar(cmath.rect(value["radius"], value["angle"]))
    return "∞" if value is None else f"{value:.3g}"


def _polar(z: complex) -> str:
    if z.imag == 0:
        return f"{z.real:.3g}"
    return f"{abs(z):.3g}∠{round(math.degrees(cmath.phase(z)))}°"


def _assumptions(violations: dict[str, float]) -> Table:
    table = Table(title="Assumptions of the aligned theory", title_justify="left")
    for column in ("assumption", "meaning", "violation"):
        table.add_column(column, justify="right" if column == "violation" else "left")
    for name, value in violations.items():
        table.add_row(name, _MEANINGS[name], f"{value:.2g}")
    return table


def _losses(summary: dict) -> Table:
    loss, recurrent = summary["loss"], summary["recurrent_singular_values"]
    table = Table(title="Predicted and trained", title_justify="left")
    for column in ("", "predicted", "trained"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("loss at the start", f"{loss['first']:.4g}", f"{loss['first']:.4g}")
    table.add_row("loss at the end", f"{loss['predicted']:.4g}", f"{loss['trained']:.4g}")
    table.add_row("floor", f"{loss['floor']:.4g}", f"{loss['floor']:.4g}")
    pairs = zip(recurrent["predicted"][:4], recurrent["trained"][:4], strict=True)
    for i, (predicted, trained) in enumerate(pairs, start=1):
        table.add_row(f"recurrent singular value {i}", f"{predicted:.3f}", f"{trained:.3f}")
    gap = loss["largest_relative_gap"]
    table.add_row("largest gap of the loss", "", f"{100 * gap:.2g} %")
    return table


def _features(features: dict, trained: float) -> Table:
    table = Table(title="How rich learning was", title_justify="left")
    for column in ("measure", "start", "end"):
        table.add_column(column, justify="left" if column == "measure" else "right")
    distance, aligned = features["kernel_distance"], features["representation_alignment"]
    table.add_row("distance of the tangent kernel, 0 if lazy", "0", f"{distance:.3g}")
    table.add_row("representation's alignment with its start", "1", f"{aligned:.3g}")
    names = {
        "target_alignment": "kernel's alignment with the targets",
        "kernel_rank": "effective rank of the kernel",
        "representation_rank": "effective rank of the representation",
    }
    for key, name in names.items():
        first, last = features[key]["first"], features[key]["last"]
        table.add_row(name, f"{first:.3g}", f"{last:.3g}")
    for part, change in features["weight_change"].items():
        table.add_row(f"relative change of the {part} weights", "0", f"{change:.3g}")
    lazy = f"{features['lazy_loss']:.4g} / {trained:.4g}"
    table.add_row("loss if linearized at the start / trained", "", lazy)
    return table
