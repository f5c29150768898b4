"""What theory cannot use ends in one sentence: what was expected, and what was found."""

import jax
import numpy as np
import pytest

import learndyn as ld
from learndyn.theory._energy import as_modes
from learndyn.theory._spectrum import as_target

GOOD, MODES = np.array([0.3, 0.5, 1.0]), (0.1, 0.2, 0.1)
TIMES = np.array([0.0, 1.0])
THEORY = ld.theory
# Functions of a spectrum and lag weights.
OF_SPECTRUM = {
    "energy": lambda s, **o: THEORY.energy(MODES, s, **o),
    "data_term": lambda s, **o: THEORY.data_term(MODES, s, **o),
    "sharpness": lambda s, **o: THEORY.sharpness(MODES, s, **o),
    "optimum": THEORY.optimum,
    "stationary_points": THEORY.stationary_points,
    "stability": THEORY.stability,
    "destination": lambda s, **o: THEORY.destination(MODES, s, **o),
    "mode_flow": lambda s, **o: THEORY.mode_flow(MODES, s, TIMES, **o),
    "step_gradients": lambda s, **o: THEORY.step_gradients(MODES, s, **o),
    "learning_times": lambda s, **o: THEORY.learning_times(MODES, s, **o),
    "energy_expansion": lambda s, **o: THEORY.energy_expansion(s, 3, **o),
    "recurrent_derivatives": lambda s, **o: THEORY.recurrent_derivatives(0.5, 0.5, s, 2, **o),
    "input_output_modes": lambda s, **o: THEORY.input_output_modes(1.0, MODES, s, **o),
    "input_output_solution": lambda s, **o: THEORY.input_output_solution(
        1.0, u0=0.1, b=0.5, spectrum=s, **o
    ),
}
each = pytest.mark.parametrize("name", OF_SPECTRUM)


def refused(call, *words):
    with pytest.raises(ld.InputError) as caught:
        call()
    text = str(caught.value)
    assert text.startswith("Expected ")
    assert "; got " in text
    for word in words:
        assert word in text


@each
def test_spectra_that_are_not_finite_or_empty(name):
    function = OF_SPECTRUM[name]
    for value in (np.nan, np.inf, -np.inf):
        refused(lambda v=value: function(np.array([0.3, v, 1.0])), "finite", str(value))
    refused(lambda: function(np.zeros(0)), "T at least 1", "(0,)")


@each
def test_weights_that_do_not_fit(name):
    function = OF_SPECTRUM[name]
    refused(lambda: function(GOOD, weights=np.ones(4)), "(3,)", "(4,)")
    refused(lambda: function(GOOD, weights=np.array([1.0, -1.0, 1.0])), "not negative")
    refused(lambda: function(GOOD, weights=np.array([0.0, 1.0, 1.0])), "positive at lag 0")
    refused(lambda: function(GOOD, weights=np.array([1.0, np.nan, 1.0])), "finite")


CALLS = {
    "order of derivatives": lambda: THEORY.recurrent_derivatives(0.5, 0.5, GOOD, 0),
    "order of expansion": lambda: THEORY.energy_expansion(GOOD, -1),
    "order of method": lambda: ld.TaylorRecurrent(0, 0.1),
    "window of zero": lambda: ld.TaylorRecurrent(2, 0.0),
    "negative window": lambda: ld.TaylorRecurrent(2, -0.1),
    "length of regularization": lambda: THEORY.effective_regularization(1.0, 0.5, 0),
    "length of sensitivity": lambda: THEORY.sensitivity(1.0, 0.5, 0),
    "length of coefficients": lambda: THEORY.landau_coefficients(1.0, 1, 3),
    "beta": lambda: THEORY.landau_coefficients(0.0, 3, 3),
    "share of 0": lambda: THEORY.learning_times(MODES, GOOD, share=0.0),
    "share of 1": lambda: THEORY.learning_times(MODES, GOOD, share=1.0),
    "share of NaN": lambda: THEORY.learning_times(MODES, GOOD, share=float("nan")),
    "negative time": lambda: THEORY.input_output_solution(-1.0, u0=0.1, b=0.5, spectrum=GOOD),
    "negative time of modes": lambda: THEORY.input_output_modes(-1.0, MODES, GOOD),
    "negative time of flow": lambda: THEORY.mode_flow(MODES, GOOD, np.array([-1.0, 1.0])),
    "times that decrease": lambda: THEORY.mode_flow(MODES, GOOD, np.array([1.0, 0.5])),
    "no times": lambda: THEORY.mode_flow(MODES, GOOD, np.zeros(0)),
    "mode of NaN": lambda: THEORY.energy((0.1, float("nan"), 0.1), GOOD),
    "lengths": lambda: THEORY.extrapolation(MODES, "constant", 1.0, None, np.array([0, 3])),
    "dynamics": lambda: THEORY.extrapolation(MODES, "dirac_delta", 1.0, None, np.array([3])),
    "parameters": lambda: THEORY.transitions(lambda p: p[:, None] * GOOD, np.array([1.0, 1.0])),
    "family": lambda: THEORY.transitions(lambda p: p, np.array([1.0, 2.0])),
}


@pytest.mark.parametrize("name", CALLS)
def test_numbers_out_of_range(name):
    refused(CALLS[name])


def test_complex_values_where_modes_are_real_are_sent_to_what_takes_rotations():
    # Asked of the common check, since the annotations of shapes, which are on in tests, come first.
    refused(lambda: as_target(GOOD + 1j, None), "real spectrum", "complex", "rotations")
    refused(lambda: as_modes((0.1, np.array(0.2j), 0.1)), "real recurrent mode b", "rotations")
    assert as_target(GOOD + 1j, None, allow_complex=True).values.shape == (3,)


@pytest.mark.parametrize("frozen", [(), ("input",), ("input", "output", "recurrent")])
@pytest.mark.parametrize("method", [ld.ExactInputOutput(), ld.TaylorRecurrent(2, 0.1)])
def test_methods_with_other_parts_frozen(frozen, method):
    task = ld.structured_task(GOOD, 1, 1, key=jax.random.key(0))
    net = ld.init_aligned(task, *MODES, key=jax.random.key(1))
    problem = ld.Problem(net, task, frozen=frozen)
    refused(lambda: ld.solve(problem, method, TIMES), "frozen=", type(method).__name__)
