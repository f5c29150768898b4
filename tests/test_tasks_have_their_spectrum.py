"""Task dynamics follow their formulas, and tasks have exactly the spectrum they were asked for."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import learndyn as ld
from learndyn._errors import InputError
from references import loop_network

T = 6
STEPS = np.arange(1, T + 1)

FORMULAS = {
    "constant": lambda delta, lam: np.array([delta for _ in STEPS]),  # noqa: ARG005
    "inverse_exponential": lambda delta, lam: np.array([delta * lam ** (T - t) for t in STEPS]),
    "exponential": lambda delta, lam: np.array([delta * lam**t for t in STEPS]),
}


def formula(kind, delta, lam, kappa):
    if kind == "dirac_delta":
        return np.array([delta, *[0.0] * (T - 2), kappa])
    spectrum = FORMULAS[kind](delta, lam)
    if kappa is not None:
        spectrum[-1] = kappa  # eq. 10
    return spectrum


def parameters(kind):
    """δ, λ and κ for two modes; among the λ zero, one, and negative numbers."""
    lams = [None] if kind in ("constant", "dirac_delta") else [(0.5, 1.2), (0.0, 1.0), (-0.7, 2.0)]
    kappas = [(0.3, -2.0)] if kind == "dirac_delta" else [None, (0.3, -2.0)]
    return [(kind, lam, kappa) for lam in lams for kappa in kappas]


EVERY_KIND = [p for kind in (*FORMULAS, "dirac_delta") for p in parameters(kind)]
DELTA = (1.5, -0.4)


@pytest.mark.parametrize(("kind", "lam", "kappa"), EVERY_KIND)
def test_dynamics_follow_their_formula_in_t_order(kind, lam, kappa):
    def of(values, mode):
        return None if values is None else values[mode]

    expected = np.array([formula(kind, DELTA[i], of(lam, i), of(kappa, i)) for i in range(2)])
    for mode in range(2):
        one = ld.task_dynamics(kind, DELTA[mode], of(lam, mode), T, kappa=of(kappa, mode))
        assert one.shape == (T,)
        np.testing.assert_allclose(one, expected[mode], rtol=1e-14)

    def arrays(values, kind_of_array):
        return None if values is None else kind_of_array(values)

    for kind_of_array in (np.array, jnp.array):
        both = ld.task_dynamics(
            kind, kind_of_array(DELTA), arrays(lam, kind_of_array), T, kappa=arrays(kappa, np.array)
        )
        assert both.shape == (2, T)
        np.testing.assert_allclose(both, expected, rtol=1e-14)


def test_scalars_and_arrays_mix():
    mixed = ld.task_dynamics("exponential", 2.0, np.array([0.5, 0.9]), T, kappa=1)
    assert mixed.shape == (2, T)
    np.testing.assert_allclose(mixed[1], formula("exponential", 2.0, 0.9, 1.0), rtol=1e-14)


def test_dynamics_can_be_differentiated_and_mapped():
    def last_but_one(lam):
        return ld.task_dynamics("inverse_exponential", 1.0, lam, T)[-3]

    lams = jnp.array([0.0, -0.5, 2.0])
    np.testing.assert_allclose(jax.vmap(jax.grad(last_but_one))(lams), 2 * lams, rtol=1e-14)


REFUSED_DYNAMICS = [
    (("constant", 1.0, 0.5, T), {}, "no lam for constant dynamics; got lam=0.5"),
    (("dirac_delta", 1.0, 0.5, T), {"kappa": 1.0}, "no lam for dirac_delta dynamics"),
    (("exponential", 1.0, None, T), {}, "a lam for exponential dynamics; got lam=None"),
    (("inverse_exponential", 1.0, None, T), {}, "a lam for inverse_exponential dynamics"),
    (("dirac_delta", 1.0, None, T), {}, "kappa, the value at the last step; got None"),
    (("dirac_delta", 1.0, None, 1), {"kappa": 1.0}, "a length of at least 2; got 1"),
    (("constant", 1.0, None, 0), {}, "a length of at least 1; got 0"),
]


@pytest.mark.parametrize(("arguments", "options", "sentence"), REFUSED_DYNAMICS)
def test_dynamics_that_make_no_sense_are_refused(arguments, options, sentence):
    with pytest.raises(InputError, match=sentence):
        ld.task_dynamics(*arguments, **options)


SPECTRUM = np.array([[1.0, 2.0, 0.5, -1.0], [0.0, 0.3, -0.2, 4.0], [0.1, 0.1, 0.1, 0.1]])
LENGTH, N_IN, N_OUT = 4, 3, 5


def structured(outputs="final", spectrum=SPECTRUM):
    return ld.structured_task(spectrum, N_IN, N_OUT, outputs=outputs, key=jax.random.key(0))


def weights_of(outputs):
    return np.ones(LENGTH) if outputs == "final" else np.arange(LENGTH, 0, -1)


OUTPUTS = pytest.mark.parametrize("outputs", ["final", "every"])


@OUTPUTS
def test_correlations_are_the_spectrum_in_constant_bases(outputs):
    task = structured(outputs)
    left, right = map(np.asarray, task.vectors)
    assert left.shape == (N_OUT, 3)
    assert right.shape == (N_IN, 3)
    for vectors in (left, right):
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-14)
    statistics = task.statistics()
    for lag in range(LENGTH):
        means = np.diag(SPECTRUM[:, LENGTH - 1 - lag])  # t order to lag order
        expected = weights_of(outputs)[lag] * left @ means @ right.T
        np.testing.assert_allclose(statistics.cross_moments[lag], expected, atol=1e-14)
        values = np.linalg.svd(statistics.lag_targets[lag], compute_uv=False)[:3]
        np.testing.assert_allclose(values, np.sort(abs(np.diag(means)))[::-1], atol=1e-14)
    np.testing.assert_array_equal(statistics.weights, weights_of(outputs))
    assert float(statistics.floor) == 0.0


def check_sample(task, outputs, sizes):
    """The sample's moments, by their definition, are the task's statistics."""
    statistics = task.statistics()
    n_in, n_out = sizes
    for n in (LENGTH * n_in, 50):
        x, y = map(np.asarray, task.sample(n, key=jax.random.key(1)))
        assert x.shape == (n, LENGTH, n_in)
        assert y.shape == ((n, n_out) if outputs == "final" else (n, LENGTH, n_out))
        seen, cross, inputs = loop_network.moments(x, y)
        np.testing.assert_allclose(seen, statistics.weights, rtol=1e-14)
        np.testing.assert_allclose(cross, statistics.cross_moments, atol=1e-12)
        # White in each readout window: A = w ⊗ I.
        white = np.einsum("k,kl,ij->klij", statistics.weights, np.eye(LENGTH), np.eye(n_in))
        np.testing.assert_allclose(inputs, white, atol=1e-12)
        flat = x.reshape(n, -1)
        np.testing.assert_allclose(flat.T @ flat / n, np.eye(LENGTH * n_in), atol=1e-12)
        from_data = ld.TaskStatistics.from_data(x, y)
        np.testing.assert_allclose(from_data.target, statistics.target, atol=1e-12)
        np.testing.assert_allclose(from_data.weights, statistics.weights, rtol=1e-14)
        assert float(from_data.inputs.whiteness_violation()) < 1e-12
        assert float(from_data.floor) < 1e-25 * np.sum(y**2) / n


@OUTPUTS
def test_a_sample_has_exactly_the_statistics_of_its_structured_task(outputs):
    check_sample(structured(outputs), outputs, (N_IN, N_OUT))


@OUTPUTS
def test_a_sample_has_exactly_the_statistics_of_its_teacher_task(outputs):
    net = ld.init_unaligned(2, 3, 4, 0.9, key=jax.random.key(2))
    task = ld.teacher_task(net, LENGTH, outputs=outputs)
    check_sample(task, outputs, (2, 4))
    x, y = map(np.asarray, task.sample(20, key=jax.random.key(3)))
    own = loop_network.outputs((net.w_x, net.w_h, net.w_y), x)
    np.testing.assert_allclose(y, own[-1] if outputs == "final" else np.stack(own, 1), atol=1e-12)
    statistics = task.statistics()
    assert float(statistics.floor) == 0.0
    assert float(statistics.loss(net.impulse_response(LENGTH))) == 0.0


def test_a_spectrum_without_modes_is_that_of_one_mode():
    one = structured(spectrum=SPECTRUM[0])
    assert one.vectors[0].shape == (N_OUT, 1)
    np.testing.assert_allclose(np.linalg.norm(one.statistics().target, axis=(1, 2)), [1, 0.5, 2, 1])


def test_keys_decide_bases_and_samples():
    same, other = structured(), ld.structured_task(SPECTRUM, N_IN, N_OUT, key=jax.random.key(9))
    np.testing.assert_array_equal(same.vectors[0], structured().vectors[0])
    assert abs(same.vectors[0] - other.vectors[0]).max() > 0.1
    first, second = (same.sample(12, key=jax.random.key(k))[0] for k in (1, 2))
    assert abs(first - second).max() > 0.1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: structured(spectrum=np.ones((4, 2))), "at most 3 modes for 3 inputs and 5 out.*4"),
        (lambda: structured(spectrum=np.ones((1, 1, 2))), r"a spectrum of shape \(T,\) or \(mod"),
        (lambda: structured(spectrum=np.ones((2, 0))), r"a spectrum of shape .*got shape \(2, 0\)"),
        (lambda: structured(spectrum=1j * np.ones(3)), "as many outputs as inputs.*3 inputs and 5"),
        (lambda: structured().sample(11, key=jax.random.key(0)), "at least 12 trajectories.*11"),
        (lambda: ld.teacher_task(teacher(), 0), "a length of at least 1; got 0"),
        (lambda: ld.teacher_task(teacher(), 3).sample(5, key=jax.random.key(0)), "at least 6 traj"),
    ],
)
def test_tasks_that_cannot_be_are_refused(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


def teacher():
    return ld.init_unaligned(2, 3, 4, 0.9, key=jax.random.key(2))


WRONG_WORDS = """
import jax, learndyn as ld

net, key = ld.init_unaligned(2, 3, 4, 0.9, key=jax.random.key(2)), jax.random.key(0)
for wrong in (
    lambda: ld.task_dynamics("sawtooth", 1.0, None, 6),
    lambda: ld.structured_task(jax.numpy.ones(3), 2, 2, outputs="sometimes", key=key),
    lambda: ld.teacher_task(net, 3, outputs="no"),
):
    try:
        wrong()
    except ld.InputError as error:
        print(error)
"""


def test_unknown_words_are_refused():
    # In a process of its own: where annotations are checked, they do not get to the functions.
    child = subprocess.run(
        [sys.executable, "-c", WRONG_WORDS], capture_output=True, text=True, check=True
    )
    assert child.stdout.splitlines() == [
        "Expected one of constant, inverse_exponential, exponential, dirac_delta; got 'sawtooth'.",
        'Expected outputs "final" or "every"; got \'sometimes\'.',
        'Expected outputs "final" or "every"; got \'no\'.',
    ]
