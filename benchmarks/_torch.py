"""The torch peers: a loop over networks with back-propagation, batched products, Jacobians."""

from collections.abc import Callable

import numpy as np
import torch

from benchmarks._measure import seconds

WEIGHTS = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def descend_on_trials(weights: WEIGHTS, x, y, rate: float, steps: int) -> WEIGHTS:
    """Gradient descent of one network on explicit trials, by back-propagation through time."""
    weights = tuple(w.clone().requires_grad_() for w in weights)
    for _ in range(steps):
        w_x, w_h, w_y = weights
        hidden = x[:, 0] @ w_x.T
        for t in range(1, x.shape[1]):
            hidden = hidden @ w_h.T + x[:, t] @ w_x.T
        loss = 0.5 * ((y - hidden @ w_y.T) ** 2).sum() / len(x)
        slopes = torch.autograd.grad(loss, weights, allow_unused=True)
        with torch.no_grad():
            for w, slope in zip(weights, slopes, strict=True):
                if slope is not None:  # recurrent weights take no part in trials of one step
                    w -= rate * slope
    return tuple(w.detach() for w in weights)


@torch.no_grad()
def descend_on_statistics(weights: WEIGHTS, target, rate: float, steps: int) -> WEIGHTS:
    """Gradient descent of a batch of networks on white statistics, by the adjoint recursion.

    The same algorithm as learndyn's, products over all lags included, in batched products.

    Args:
        weights: a batch of networks.
        target: impulse response to learn, `(lag, out, in)`.
        rate: learning rate.
        steps: number of steps.

    Returns:
        The networks after the steps.
    """
    w_x, w_h, w_y = (w.clone() for w in weights)
    length, n_in = target.shape[0], target.shape[2]
    flat_target = target.movedim(0, 1).reshape(target.shape[1], -1)
    for _ in range(steps):
        responses = [w_x]
        for _ in range(length - 1):
            responses.append(torch.bmm(w_h, responses[-1]))
        flat = torch.cat(responses, 2)
        error = torch.bmm(w_y, flat) - flat_target
        entering = torch.bmm(w_y.mT, error).split(n_in, 2)
        states = [entering[-1]]
        for lag in reversed(range(length - 1)):
            states.append(torch.baddbmm(entering[lag], w_h.mT, states[-1]))
        later = torch.cat(states[-2::-1], 2)
        slope_h = torch.bmm(later, flat[:, :, : later.shape[2]].mT)
        w_y = w_y - rate * torch.bmm(error, flat.mT)
        w_h = w_h - rate * slope_h
        w_x = w_x - rate * states[-1]
    return w_x, w_h, w_y


def tangent_kernel(weights: WEIGHTS, x: torch.Tensor, *, every: bool) -> torch.Tensor:
    """Tangent kernel of some trials with themselves, by `torch.func` and one product.

    Args:
        weights: a network.
        x: inputs, `(trials, time, in)`.
        every: outputs of every step rather than the last one.

    Returns:
        Kernel, `(trials, out, trials, out)`, with a step before each out for every step.
    """

    def outputs(weights: WEIGHTS, trial: torch.Tensor) -> torch.Tensor:
        w_x, w_h, w_y = weights
        hidden = w_x @ trial[0]
        seen = [hidden]
        for t in range(1, len(trial)):
            hidden = w_h @ hidden + w_x @ trial[t]
            seen.append(hidden)
        return torch.stack(seen) @ w_y.T if every else w_y @ hidden

    parts = torch.func.vmap(torch.func.jacrev(outputs), (None, 0))(weights, x)
    leading = parts[0].shape[:-2]
    flat = torch.cat([part.reshape(leading.numel(), -1) for part in parts], 1)
    return (flat @ flat.T).reshape(*leading, *leading)


def at_its_best(function: Callable[[], object]) -> Callable[[], None]:
    """The function with one thread or with all, whichever was faster; small products differ.

    Args:
        function: what is timed.

    Returns:
        The same with the better number of threads, which it leaves set.
    """
    trials = {}
    for threads in {1, torch.get_num_threads()}:
        torch.set_num_threads(threads)
        function()
        trials[threads] = seconds(function)
    best = min(trials, key=lambda threads: trials[threads])

    def call() -> None:
        torch.set_num_threads(best)
        function()

    return call


def to_torch(array) -> torch.Tensor:
    """A copy of an array.

    Args:
        array: of jax or numpy.

    Returns:
        The tensor.
    """
    return torch.from_numpy(np.array(array))
