"""Trials from outside: a file, scikit-learn's handwritten digits, NeuroGym's stimuli."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from learndyn._errors import InputError, MissingExtraError
from learndyn.statistics import Trials
from learndyn.tasks._integration import Target, readout_weights
from learndyn.tasks._structured import Outputs

_EXPECTED = "an npz file of trials"
_SAVE = "Save plain numbers with numpy.savez(path, x=x, y=y)."
# NeuroGym counts time in milliseconds.
_STEP = 100


def read_npz(path: str | os.PathLike) -> Trials:
    """Trials from an npz file with arrays `x`, `y` and, if wanted, `lengths`, as in `Trials`.

    Other arrays in the file are left alone, and nothing is ever unpickled.

    Args:
        path: the file.

    Returns:
        The trials.

    Raises:
        InputError: if there is no such file, if it is damaged or of another kind, if `x` or `y` is
            missing, or for arrays that `Trials` refuses.

    Example:
        >>> import numpy as np, tempfile, learndyn.tasks
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/trials.npz", x=np.ones((10, 5, 3)), y=np.ones((10, 2)))
        ...     trials = learndyn.tasks.read_npz(f"{folder}/trials.npz")
        >>> trials.count, trials.length
        (10, 5)
    """
    # Opened here, because numpy forgets to close a damaged archive.
    with _opened(path) as file, _archive(file) as archive:
        found = archive.files
        if not {"x", "y"} <= set(found):
            names = ", ".join(sorted(found)[:10]) or "none"
            raise InputError(f"arrays x and y in {path}", names, _SAVE)
        arrays = {name: _member(archive, name) for name in ("x", "y", "lengths") if name in found}
    return Trials(arrays["x"], arrays["y"], lengths=arrays.get("lengths"))


def digits() -> Trials:
    """Handwritten digits row by row: 8 steps of 8 pixels, then one of 10 outputs is 1.

    Pixels run from 0 (white) to 1 (black). The 1,797 images are bundled with scikit-learn.

    Returns:
        The trials.

    Raises:
        MissingExtraError: without scikit-learn (the extra `examples`).

    Example:
        >>> import learndyn.tasks
        >>> learndyn.tasks.digits().x.shape  # doctest: +SKIP
        (1797, 8, 8)
    """
    with _needs("sklearn", "The data set of digits", extra="examples"):
        from sklearn.datasets import load_digits  # pyright: ignore[reportMissingImports]
    pixels, digit = load_digits(return_X_y=True)
    # Counts of black points in squares of 4 × 4.
    return Trials(np.reshape(pixels, (-1, 8, 8)) / 16, np.eye(10)[digit])


def neurogym_integration(
    n: int,
    *,
    seed: int,
    target: Target = "mean",
    length: int = 6,
    outputs: Outputs = "final",
) -> Trials:
    """Trials whose stimuli NeuroGym makes; `integration_task` is our own generator of the same.

    The task is NeuroGym's multisensory integration at its default settings, in steps of 100 ms:
    the four stimulus channels during the stimulus period. Equal seeds give equal trials.

    Args:
        n: number of trajectories.
        seed: seed of the stimuli, from 0 to 2³² − 1.
        target: what to report of each channel, as in `integration_task`.
        length: number of steps T.
        outputs: targets at the last step (`"final"`) or at every step (`"every"`), as there.

    Returns:
        The trials.

    Raises:
        InputError: for an unknown word, or fewer than 1 trajectory or step.
        MissingExtraError: without NeuroGym (the extra `neurogym`).

    Example:
        >>> import learndyn.tasks
        >>> learndyn.tasks.neurogym_integration(20, seed=0).x.shape  # doctest: +SKIP
        (20, 6, 4)
    """
    weights = readout_weights(target, length, outputs)
    if n < 1:
        raise InputError("at least 1 trajectory", f"{n}")
    task = _multisensory_task()(dt=_STEP, timing={"stimulus": length * _STEP})
    # Its `reset(seed=...)` and data sets leave this generator unseeded.
    task.seed(seed)
    x = np.empty((n, length, 4))
    for trial in x:
        task.new_trial()
        trial[:] = task.view_ob("stimulus")[:, 1:]  # channel 0 asks to fixate
    return Trials(x, weights @ x)


def _opened(path: str | os.PathLike) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise InputError(_EXPECTED, f"{path} ({error.strerror})") from error


def _archive(file: BinaryIO) -> np.lib.npyio.NpzFile:
    try:
        archive = np.load(file, allow_pickle=False)
    except Exception as error:  # whatever zipfile and numpy make of strange bytes
        raise InputError(_EXPECTED, f"{file.name}, damaged or of another kind", _SAVE) from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise InputError(_EXPECTED, f"{file.name} with a single array", _SAVE)
    return archive


def _member(archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    try:
        return np.asarray(archive[name])
    except Exception as error:  # whatever zipfile, zlib and numpy make of strange bytes
        got = f"an array that is damaged or holds objects ({error})"
        raise InputError(f"plain numbers in {name}", got, _SAVE) from error


@contextmanager
def _needs(package: str, what: str, *, extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise MissingExtraError(what, extra) from error


def _multisensory_task() -> type:
    """NeuroGym's task; importing it changes font settings of matplotlib, which are put back."""
    with (
        warnings.catch_warnings(),
        _needs("neurogym", "A stimulus of NeuroGym", extra="neurogym"),
    ):
        # The matplotlib that it pins uses names which pyparsing has renamed since.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="matplotlib")
        import matplotlib

        with matplotlib.rc_context():
            from neurogym.envs.native.multisensory import MultiSensoryIntegration  # pyright: ignore[reportMissingImports]
    return MultiSensoryIntegration
