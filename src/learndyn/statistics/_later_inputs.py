"""How much of the targets at every step a causal filter, the same at every step, cannot use."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from learndyn._types import Float, Scalar
from learndyn.statistics._best_filter import rounding_error


class ReadoutFloors(eqx.Module):
    """Losses of the best filters of three classes, each within the next.

    A recurrent network is a filter of the first class, so no training passes its floor. What it
    loses to the second is the price of being the same at every step, and what that one loses to
    the third could be explained by inputs only that come after the readout. All are in units of
    the loss, `½ mean ‖y − ŷ‖²` summed over outputs and readouts.

    Few trials flatter the larger classes. Targets that have nothing to do with the inputs are
    fitted by chance: at readout t the second class explains about `in · t / trials` of their
    variance, which makes `in · T / (2 · trials)` over all readouts, and the third twice as much.
    With no more than `in · T` trials the last floor is zero whatever the task.

    Time is counted from the end of a trial. Where trials differ in length, the filters that vary
    with time are thus told how many steps are left; and the third has to give zero before a trial
    has begun, so that its floor is then an upper bound.

    Attributes:
        invariant: the same filter at every step, of the inputs so far: the floor of the statistics.
        causal: a filter of its own at each step, of the inputs so far.
        noncausal: a filter of its own at each step, of all inputs of the trial.
    """

    invariant: Scalar = eqx.field(converter=jnp.asarray)
    causal: Scalar = eqx.field(converter=jnp.asarray)
    noncausal: Scalar = eqx.field(converter=jnp.asarray)


def readout_floors(
    x: Float[np.ndarray, "numbers T in"],
    y: Float[np.ndarray, "numbers T out"],
    sizes: Float[np.ndarray, "T in"],
    invariant: Float[np.ndarray, ""],
) -> ReadoutFloors:
    """Floors of filters that vary with time, beside that of the one that does not.

    Args:
        x: inputs of pseudo-trials, in order of time: their sums of squares are means.
        y: targets, likewise.
        sizes: root mean square of each input, which decides what is a rounding error.
        invariant: floor of the best filter that is the same at every step.

    Returns:
        The floors.
    """
    length, n_in = x.shape[1:]
    # Directions in which the inputs do not vary explain nothing, however small their columns.
    per_size = np.divide(1.0, sizes, where=sizes > 0, out=np.zeros_like(sizes))
    columns, n_out = length * n_in, y.shape[2]
    flat = (x * per_size).reshape(len(x), columns), y.reshape(len(y), length * n_out)
    rest = np.concatenate(flat, axis=1)
    inputs, targets = np.split(rest, [columns], axis=1)  # views: both shrink with `rest`
    targets = targets.reshape(len(y), length, n_out)
    causal = 0.0
    for step in range(length):
        # Whatever is explained by earlier inputs has been taken out of everything that is left.
        new = inputs[:, step * n_in : (step + 1) * n_in]
        directions, scale, _ = np.linalg.svd(new, full_matrices=False)
        directions = directions[:, scale > rounding_error(columns)]
        rest -= directions @ (directions.T @ rest)
        causal += 0.5 * np.sum(targets[:, step] ** 2)
    noncausal = 0.5 * np.sum(targets**2)
    # Each class holds the one before, also to the last digit.
    causal = np.minimum(causal, invariant)
    return ReadoutFloors(invariant, causal, np.minimum(noncausal, causal))
