"""Sources of trials by name or path."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from learndyn._errors import InputError
from learndyn.sources._digits import digits
from learndyn.sources._function import find_function, from_function
from learndyn.sources._neurogym import neurogym_integration, neurogym_task
from learndyn.sources._npy import read_npy
from learndyn.sources._npz import read_npz
from learndyn.sources._source import Source
from learndyn.sources._table import TABLES, Columns, read_table
from learndyn.statistics import Trials
from learndyn.tasks import integration_task

_KINDS = (
    "a source: integration, neurogym, digits, neurogym:TASK, a file .npz, .csv, .tsv or .parquet, "
    "a folder with x.npy and y.npy, or module:function"
)
_INTEGRATION, _GYM = ("integration", "neurogym"), "neurogym:"


def drawn(name: str) -> bool:
    """Whether trials of a source are drawn, as many as asked for, rather than found.

    Args:
        name: name of the source.

    Returns:
        True for the integration tasks, and those of NeuroGym.
    """
    return name in _INTEGRATION or name.startswith(_GYM)


def open_source(
    name: str,
    *,
    target: str = "mean",
    count: int = 2000,
    seed: int = 0,
    outputs: str | None = None,
    center: bool = False,
    whiten: str | None = None,
    columns: Columns | None = None,
) -> Source:
    """Trials of a source.

    Args:
        name: `integration`, `neurogym`, `digits`; `neurogym:TASK` for a task of NeuroGym; a file
            ending in `.npz`, `.csv`, `.tsv` or `.parquet`; a folder with `x.npy` and `y.npy`; or
            `module:function`, see `from_function`.
        target: what the integration tasks report: mean, sum, late or early.
        count: trials to draw from the integration tasks and those of NeuroGym.
        seed: seed of the draw.
        outputs: `"final"` or `"every"`; None: as the trials come, which is a target at the last
            step for the integration tasks and digits. Only the former can make other targets.
        center: subtract the mean over trials, per step and channel.
        whiten: `"channels"` or `"innovations"`, see `whiten`; after centring. None: not at all.
        columns: which columns of a table are what; None: as `Columns` says.

    Returns:
        The source.

    Raises:
        InputError: for an unknown source, for a source that cannot be read or has no such options,
            a count below 1, outputs that there are not, and inputs that cannot be whitened.
        MissingExtraError: for a source that needs a package that is not installed.

    Example:
        >>> from learndyn.sources import open_source
        >>> open_source("integration", count=100, whiten="channels").name
        'integration, mean, white channels'
    """
    if count < 1:
        raise InputError("at least 1 trial", f"{count}")
    asked = _Asked(target, count, seed, outputs, columns)
    source = asked.opened(name)
    if center:
        source = source.centred()
    return source if whiten is None else source.whitened(whiten)


@dataclass(frozen=True)
class _Asked:
    """What was asked of a source, whichever it is."""

    target: str
    count: int
    seed: int
    outputs: str | None
    columns: Columns | None

    def opened(self, name: str) -> Source:
        if name in _INTEGRATION:
            source = Source(f"{name}, {self.target}", self._integrated(name))
        else:
            source = self._read(name).with_outputs(self.outputs)
        if self.columns is not None and Path(name).suffix not in TABLES:
            raise InputError("names of columns for a table, .csv, .tsv or .parquet", f"{name!r}")
        return source

    def _integrated(self, name: str) -> Trials:
        # Words of a user, which the tasks check.
        asked: dict[str, Any] = {"target": self.target, "outputs": self.outputs or "final"}
        if name == "neurogym":
            return neurogym_integration(self.count, seed=self.seed, **asked)
        task = integration_task(**asked)
        return Trials(*task.sample(self.count, key=jax.random.key(self.seed)))

    def _read(self, name: str) -> Source:
        suffix = Path(name).suffix
        if name == "digits":
            return Source(name, digits())
        if name.startswith(_GYM):
            return neurogym_task(name.removeprefix(_GYM), self.count, seed=self.seed)
        if suffix == ".npz":
            return Source(name, read_npz(name))
        if suffix in TABLES:
            return read_table(name, self.columns)
        if name and Path(name).is_dir():
            return Source(name, read_npy(name))
        if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", name):
            return Source(name, from_function(find_function(name), name))
        cure = "Put x.npy and y.npy into one folder, and name that." if suffix == ".npy" else ""
        raise InputError(_KINDS, f"{name!r}", cure)
