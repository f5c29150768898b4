"""Teacher tasks: targets are the outputs of a linear recurrent network on white input."""

import equinox as eqx
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import Array, Float, PRNGKeyArray
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics
from learndyn.tasks._structured import Outputs, reads_every_step
from learndyn.tasks._white import lag_weights, respond, white_inputs


class TeacherTask(eqx.Module):
    """White input, and targets from a teacher network (eqs 26–28).

    Attributes:
        net: the teacher.
        length: number of steps T.
        outputs: `"final"` or `"every"`.

    Example:
        >>> import jax, learndyn as ld
        >>> teacher = ld.init_unaligned(2, 3, 1, 1.0, key=jax.random.key(0))
        >>> x, y = ld.teacher_task(teacher, 4).sample(20, key=jax.random.key(1))
        >>> bool(abs(teacher(x)[:, -1] - y).max() < 1e-12)
        True
    """

    net: LinearRNN
    length: int = eqx.field(static=True)
    outputs: Outputs = eqx.field(static=True)

    @property
    def vectors(self) -> None:
        """None: a teacher's singular vectors need not be constant over lags."""
        return

    def statistics(self) -> TaskStatistics:
        """Exact statistics, with floor zero.

        Returns:
            The statistics.
        """
        return TaskStatistics.white(
            self.net.impulse_response(self.length),
            weights=lag_weights(self.length, every_step=self.outputs == "every"),
        )

    def sample(
        self, n: int, *, key: PRNGKeyArray
    ) -> tuple[Float[Array, "trajectories T in"], Float[Array, "trajectories *rest"]]:
        """Trials with exactly white input.

        Args:
            n: number of trajectories, at least `T · n_in`.
            key: random key.

        Returns:
            Inputs and targets.
        """
        x = white_inputs(n, self.length, self.net.n_in, key=key)
        response = self.net.impulse_response(self.length)
        return x, respond(jnp.asarray(response), x, every_step=self.outputs == "every")


def teacher_task(net: LinearRNN, length: int, *, outputs: Outputs = "final") -> TeacherTask:
    """A task whose targets are the outputs of a linear recurrent network.

    Args:
        net: the teacher.
        length: number of steps T.
        outputs: readout at the last step (`"final"`) or at every step (`"every"`).

    Returns:
        The task, with `.statistics()` and `.sample(n, key=...)`.

    Raises:
        InputError: if the length is below 1.

    Example:
        >>> import jax, learndyn as ld
        >>> teacher = ld.init_unaligned(2, 3, 2, 1.0, key=jax.random.key(0))
        >>> ld.teacher_task(teacher, 6).statistics().length
        6
    """
    if length < 1:
        raise InputError("a length of at least 1", f"{length}")
    reads_every_step(outputs)
    return TeacherTask(net, length, outputs)
