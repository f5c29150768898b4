"""The report of a study: its numbers, its sentences, and a page that needs nothing else."""

import copy
import itertools
import json
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import learndyn as ld
from learndyn.report import limits, page_in_frame, plateaus, report_page
from references.page import Page

RNG = np.random.default_rng


def plain():
    """Three modes of different strength, learned one after the other from a small start."""
    spectrum = ld.task_dynamics("inverse_exponential", jnp.array([4.0, 1.5, 0.5]), 0.7, 6)
    task = ld.structured_task(spectrum, 4, 3, key=jax.random.key(0))
    x, y = task.sample(40, key=jax.random.key(1))
    return ld.study(np.asarray(x), np.asarray(y), scale=0.01, max_steps=20_000)


def turning():
    """Planes that turn, read out at every step, with a part that only later inputs explain."""
    turns = [ld.task_dynamics("inverse_exponential", 1.0, b, 4) for b in (0.8 + 0.5j, 0.3 + 0.8j)]
    spectrum = jnp.stack([row for turn in turns for row in (turn, turn.conj())])
    task = ld.structured_task(spectrum, 4, 4, outputs="every", key=jax.random.key(4))
    x, y = map(np.array, task.sample(16, key=jax.random.key(5)))
    y[:, :-1, 0] += 0.5 * x[:, 1:, 0]
    return ld.study(x, y, scale=0.5, outputs="every", max_steps=300)


def silent():
    x = RNG(0).normal(size=(60, 3, 2))
    return ld.study(x, 0 * x[:, 0], max_steps=300)


def one_step():
    x = RNG(0).normal(size=(60, 1, 3))
    return ld.study(x, x[:, 0, :2], max_steps=300)


def ragged():
    rng = RNG(0)
    x = rng.normal(size=(60, 4, 1))
    return ld.study(x, x.cumsum(1), lengths=rng.integers(2, 5, 60), max_steps=300)


def long():
    x = RNG(0).normal(size=(50, 120, 1))
    return ld.study(x, x.mean(1), scale=0.3, max_steps=20, learning_rate=1e-3)


MADE = {f.__name__: f for f in (plain, turning, silent, one_step, ragged, long)}


@pytest.fixture(scope="module")
def studies():
    made = {}

    def study_of(name):
        if name not in made:
            made[name] = MADE[name]()
        return made[name]

    return study_of


@pytest.fixture(scope="module")
def reports(studies, tmp_path_factory):
    made = {}

    def report_of(name):
        if name not in made:
            path = tmp_path_factory.mktemp(name) / "report.html"
            studies(name).report(path)
            made[name] = path.read_text(encoding="utf-8")
        return made[name]

    return report_of


every_study = pytest.mark.parametrize("name", MADE)


def at(summary, path):
    for key in path.split("."):
        summary = summary[int(key)] if isinstance(summary, list) else summary[key]
    return summary


def read(text):
    """The number that a reader reads: `−4.99 × 10⁻⁴`, `25 %`, `∞`, or `0.5∠90°`."""
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
    text, share = re.subn(r" %$", "", text.replace("\u202f", ""))
    if "∠" in text:
        radius, angle = text.rstrip("°").split("∠")
        return read(radius) * np.exp(1j * math.radians(float(angle.translate(raised))))
    if text == "∞":
        return math.inf
    times, power = re.subn(r"^(.*?)(?: × )?(−?)10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", r"\2\1|\3", text)
    if power:
        factor, exponent = (part.translate(raised) for part in times.split("|"))
        factor = {"": "1", "-": "-1"}.get(factor, factor)
        return float(f"{factor}e{exponent}") * (0.01 if share else 1)
    return float(text.translate(raised)) * (0.01 if share else 1)


@every_study
def test_every_number_is_that_of_the_summary(studies, reports, name):
    summary, numbers = studies(name).summary(), Page(reports(name)).of("data")
    assert len(numbers) > 50
    for shown in numbers:
        found = [at(summary, path) for path in shown["data-of"].split()]
        if len(found) == 2:
            assert [float(part) for part in shown["value"].split()] == found
            found = complex(*found)
        elif isinstance(found[0], dict):
            parts = [found[0]["radius"], found[0]["angle"]]
            assert [float(part) for part in shown["value"].split()] == parts
            found = parts[0] * np.exp(1j * parts[1])
        elif found[0] is None:
            assert shown["value"] == "infinite"
            found = math.inf
        else:
            found = found[0]
            assert float(shown["value"]) == found
        # Three digits of the size, and whole degrees of the angle.
        assert read(shown.text) == found or abs(read(shown.text) - found) <= max(
            (0.015 if "∠" in shown.text else 0.0051) * abs(found), 1e-12
        ), (shown["data-of"], shown.text)


@every_study
def test_the_page_needs_nothing_else(reports, name):
    page = Page(reports(name))
    identifiers = [e["id"] for e in page.elements if e.get("id") is not None]
    assert len(identifiers) == len(set(identifiers))
    for element in page.elements:
        assert element.tag not in ("script", "link", "img", "iframe", "object", "base")
        for key, value in element.attributes.items():
            assert not key.startswith("on")
            if key in ("href", "xlink:href", "src", "aria-labelledby"):
                assert value.removeprefix("#") in identifiers, (element.tag, key, value)
            assert "//" not in (value or ""), (element.tag, key, value)
            for named in re.findall(r"url\((.*?)\)", value or ""):
                assert named.removeprefix("#") in identifiers
    style = page.of("style")[0].text
    assert "url(" not in style
    assert "@import" not in style
    assert len(reports(name)) < 1.5e6


@every_study
def test_the_page_can_be_read_without_eyes_and_without_a_mouse(reports, name):
    page = Page(reports(name))
    assert page.of("html")[0]["lang"] == "en"
    levels = [int(e.tag[1]) for e in page.of("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    figures, drawings = page.of("figure"), page.of("svg")
    assert len(figures) == len(drawings) >= 7
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert len(drawing["aria-label"]) > 30
    for figure in figures:
        assert any(child.tag == "figcaption" and child.text.strip() for child in figure.children)
    for table in page.of("table"):
        assert any(child.tag == "caption" and child.text.strip() for child in table.children)
        assert table.parent["tabindex"] == "0"
    for header in page.of("th"):
        assert header["scope"] in ("col", "row")
    assert len(page.of("main")) == len(page.of("nav")) == 1


@every_study
def test_tables_are_whole(reports, name):
    for table in Page(reports(name)).of("table"):
        rows = [row for part in table.children for row in part.children if row.tag == "tr"]
        assert len({len(row.children) for row in rows}) == 1


def test_every_term_that_is_defined_is_used(reports):
    """And every link to a definition resolves, by the test of the page."""
    pages = [Page(reports(name)) for name in MADE]
    defined = {e["id"] for e in pages[0].of("dt")}
    used = {e["href"].removeprefix("#") for page in pages for e in page.of("a")}
    assert {i for i in used if i.startswith("def-")} == defined


def test_words_of_a_user_stay_words(studies):
    study = studies("silent")
    summary = copy.deepcopy(study.summary()) | {"versions": {"learndyn": "0"}}
    summary["configuration"]["source"] = "<script>alert(1)</script>.npz"
    summary["data"] = {
        "trials": 60,
        "steps": {"min": 2, "median": 3, "max": 3},
        "inputs": [channel("<b>rate</b>")],
        "targets": [channel("y")],
        "notes": ["<i>One</i> trial was left out."],
    }
    text = report_page(summary, {})
    page = Page(text)
    assert not page.of("script", "b", "i", "svg")
    assert "<script>alert(1)</script>" in page.of("h1")[0].text
    assert any(th.text == "<b>rate</b>" for th in page.of("th"))
    assert "2 to 3 (median 3)" in " ".join(page.of("main")[0].text.split())


def channel(name):
    return {"name": name, "mean": 0.0, "std": 1.0, "min": -1.0, "max": 1.0, "constant": False}


def test_equal_studies_have_equal_reports(studies, reports, tmp_path):
    studies("silent").report(tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == reports("silent").encode()
    silent().report(tmp_path / "anew.html")
    assert (tmp_path / "anew.html").read_bytes() == reports("silent").encode()


def test_a_notebook_shows_the_whole_report_apart_from_its_own_style(studies, reports):
    shown = Page(studies("silent")._repr_html_())
    assert [e.tag for e in shown.elements] == ["iframe"]
    inside = shown.elements[0]["srcdoc"]
    assert inside.replace('<base href="about:srcdoc">', "") == reports("silent")
    assert page_in_frame('"<&').count("&quot;&lt;&amp;") == 1


def test_a_saved_study_holds_its_report(studies, reports, tmp_path):
    studies("silent").save(tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == reports("silent")
    kept = json.loads((tmp_path / "summary.json").read_text())
    assert kept["plateaus"] == studies("silent").summary()["plateaus"]


# Contrast, as the Web Content Accessibility Guidelines define it.


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def contrast(one, other):
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_letters_and_lines_stand_out_by_day_by_night_and_on_paper(reports):
    style = Page(reports("silent")).of("style")[0].text
    palettes = [
        dict(re.findall(r"--([\w-]+): (#\w{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.S)
    ]
    assert len(palettes) == 3
    for colours in palettes:
        for ground in ("paper", "raised"):
            for letters in ("ink", "quiet", "link"):
                assert contrast(colours[letters], colours[ground]) >= 4.5
        for i in range(1, 7):
            assert contrast(colours[f"mode-{i}"], colours["paper"]) >= 3


# Plateaus.


def staircase(times, steps):
    """A loss that falls by a sigmoid of given size and width around each of some times."""
    return sum(size / (1 + np.exp((times - at) / width)) for at, size, width in steps)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("even", [True, False])
def test_plateaus_are_where_a_staircase_is_flat(unit, even):
    steps = [(10, 1.0, 0.5), (30, 0.3, 0.7), (80, 0.1, 1.0)]
    times = np.linspace(0, 120, 1201) if even else np.append(0, np.geomspace(0.01, 120, 2000))
    found = plateaus(times * unit, 7.0 * staircase(times, steps))
    assert len(found) == 3
    # 4 σ(1 − σ) = 1/5 at |x| = 2.89 widths: there the speed is a fifth of the greatest.
    for one, (at_time, _, width) in zip(found, steps, strict=True):
        np.testing.assert_allclose(one.end / unit, at_time - 2.89 * width, atol=0.3)
    drops = [one.drop for one in found]
    np.testing.assert_allclose(drops, [1 / 1.4, 0.3 / 1.4, 0.1 / 1.4], atol=0.05)
    for one, after in itertools.pairwise(found):
        assert one.until == after.start
    assert found[-1].until == times[-1] * unit


@pytest.mark.parametrize(
    "loss",
    [
        np.exp(-np.linspace(0, 10, 200)),
        np.exp(-np.linspace(0, 10, 200)) + np.exp(-np.linspace(0, 0.1, 200)),
        np.ones(200),
        np.linspace(1, 0, 200),
        np.linspace(1, 2, 200),
        np.zeros(200),
        np.ones(1),
    ],
)
def test_what_only_slows_down_has_no_plateau(loss):
    assert plateaus(np.arange(len(loss), dtype=float), loss) == []


def test_a_drop_of_next_to_nothing_ends_no_plateau():
    times = np.linspace(0, 60, 601)
    steps = [(10, 1.0, 0.5), (30, 0.005, 0.5), (50, 0.1, 0.5)]
    found = plateaus(times, staircase(times, steps))
    assert [round(one.end) for one in found] == [9, 49]


def test_the_mode_that_ends_a_plateau_is_the_one_whose_loss_falls(studies):
    """Modes of a white task are orthogonal parts of the excess, and together next to all of it."""
    study = studies("plain")
    found = study.summary()["plateaus"]
    assert [one["modes"] for one in found] == [[1], [2], [3]]
    times, excess = np.asarray(study.trained.times), np.asarray(study.trained.excess)
    energies = by_hand(study, study.trained)
    assert (energies.sum(1) <= excess * (1 + 1e-9)).all()
    np.testing.assert_allclose(energies.sum(1), excess, rtol=0.01)
    for one in found:
        first, last = np.searchsorted(times, one["end"]), np.searchsorted(times, one["until"])
        fallen = energies[first] - energies[last]
        assert fallen.argmax() == one["modes"][0] - 1
        total = excess[0] - excess.min()
        np.testing.assert_allclose(one["drop"], (excess[first] - excess[last]) / total, rtol=1e-9)


def by_hand(study, curve):
    """Loss of each mode: the statistics' own loss of a response that is off along it alone."""
    statistics, bases = study.problem.statistics, curve.bases
    target, energies = np.asarray(statistics.target), []
    for t in range(len(curve.times)):
        net = jax.tree.map(lambda w, t=t: np.asarray(w[t]), curve.weights)
        response = np.stack(
            [
                net.w_y @ np.linalg.matrix_power(net.w_h, k) @ net.w_x
                for k in range(statistics.length)
            ]
        )
        one = []
        for left, right in zip(np.asarray(bases.output).T, np.asarray(bases.input).T, strict=True):
            off = np.einsum("o,koi,i->k", left, response - target, right)
            along = off[:, None, None] * np.outer(left, right)
            one.append(float(statistics.excess(target + along)))
        energies.append(one)
    return np.array(energies)


def test_half_of_a_mode_is_learned_when_half_of_its_own_loss_is_gone_also_if_inputs_last():
    rng = RNG(1)
    x = np.repeat(rng.normal(size=(200, 1, 2)), 4, axis=1) + 0.3 * rng.normal(size=(200, 4, 2))
    study = ld.study(x, x.mean(1) * [2.0, 1.0], scale=0.1, max_steps=2000)
    energies = by_hand(study, study.trained)
    half = (energies <= (energies[0] + energies[-1]) / 2).argmax(0)
    learned = [mode["learned"]["trained"] for mode in study.summary()["modes"]]
    np.testing.assert_allclose(learned, np.asarray(study.trained.times)[half], rtol=1e-9)


# Sizes, lengths and the other form.


def test_hidden_units_are_those_that_theory_bounds(studies):
    study, sizes = studies("plain"), studies("plain").summary()["hidden_units"]
    bounds = ld.theory.loss_bounds(study.problem.statistics)
    np.testing.assert_allclose(sizes["bounds"], bounds)
    assert sizes["every_matrix"]
    assert sizes["exactly"]["attained"] == 3
    for one in sizes["needed"]:
        allowed = bounds[-1] + one["left"] * (bounds[0] - bounds[-1])
        assert (bounds[: one["units"]] > allowed).all()
        assert bounds[one["units"]] <= allowed


def test_a_task_that_is_too_large_gets_the_bound_of_regression(studies):
    """Of one output it is that of no unit at all, and the floor."""
    statistics = studies("long").problem.statistics
    sizes = studies("long").summary()["hidden_units"]
    assert not sizes["every_matrix"]
    assert sizes["exactly"] is None
    first = float(statistics.loss(0 * statistics.target))
    np.testing.assert_allclose(sizes["bounds"], [first, float(statistics.floor)], atol=1e-12)


def test_losses_at_other_lengths_are_those_of_the_best_modes_there(studies):
    study = studies("plain")
    modes, lengths = study.summary()["modes"], study.summary()["other_lengths"]
    assert lengths["tested"] == [3, 12]
    for mode, said in zip(modes, lengths["modes"], strict=True):
        b, u = mode["optimum"]["recurrent"], mode["optimum"]["input_output"]
        for length, relative in zip(lengths["tested"], said["since_start"], strict=True):
            # s_t = u b^(6 − t) at another length, lag length − t.
            wanted = u * b ** (6.0 - length + np.arange(length))
            found = u * b ** np.arange(length)
            by_definition = ((wanted - found) ** 2).sum() / (wanted**2).sum()
            np.testing.assert_allclose(relative, by_definition, rtol=1e-6, atol=1e-12)
        assert said["since_input"] == [0.0, 0.0]


def test_the_network_at_half_the_length_is_that_trained_on_the_whole(studies):
    """Against the loss of the task itself, made again at half the length."""
    study = studies("plain")
    statistics = study.problem.statistics
    half = ld.TaskStatistics.white(statistics.target[:3])
    net = study.predicted.final
    relative = half.loss(net.impulse_response(3)) / half.loss(0 * half.target)
    said = study.summary()["other_lengths"]["network"]
    np.testing.assert_allclose(said["half"], relative, rtol=1e-6)
    response = np.asarray(net.impulse_response(12))
    sizes = (response**2).sum((1, 2))
    np.testing.assert_allclose(said["beyond"], sizes[6:].sum() / sizes[:6].sum(), rtol=1e-6)
    np.testing.assert_allclose(said["radius"], abs(np.linalg.eigvals(net.w_h)).max(), rtol=1e-9)


def test_the_other_form_is_the_spectrum_in_the_other_vectors(studies):
    assert "temporal_singular_values" in studies("turning").summary()["other_form"]
    assert studies("plain").summary()["other_form"] is None  # 4 inputs, 3 outputs
    other = studies("one_step").summary()["other_form"]
    assert other is None


# Limits.


QUIET = {
    "configuration": {
        "source": "arrays",
        "trials": 1000,
        "hidden": 2,
        "outputs": "every",
        "seeds": 3,
        "checkpoints": None,
        "learning_rate": None,
    },
    "task": {"steps": 5, "inputs": 2, "outputs": 2},
    "assumptions": dict.fromkeys(("white_input", "constant_bases", "aligned", "balanced"), 0.0),
    "loss": {"floor": 0.0, "first": 1.0, "largest_relative_gap": 0.001},
    "plan": {
        "shortened": False,
        "enough_steps": 1000,
        "horizon": 9.0,
        "learning_rate": 0.1,
        "curvature": 0.2,
        "flow_ends": "The weights converged to a minimum.",
    },
    "modes": [
        {
            "optimum": {"attained": True},
            "stable": True,
            "prunes_mode": False,
            "learned": {"trained": 1.0},
        },
        {
            "optimum": {"attained": True},
            "stable": True,
            "prunes_mode": False,
            "learned": {"trained": 2.0},
        },
    ],
    "hidden_units": {
        "bounds": [1.0, 0.5, 0.0],
        "every_matrix": True,
        "needed": [{"left": 0.1, "units": 2}],
    },
}

# code, place in the summary, value with which the sentence appears, words in it
CASES = [
    ("nothing_to_learn", "hidden_units.bounds.0", 0.0, "nothing to learn"),
    ("chance", "configuration.trials", 99, "99 trials for the 10 numbers"),
    ("floor", "loss.floor", 0.25, "25 % of the loss at the start"),
    ("shortened", "plan.shortened", True, "learning time 9, before"),
    ("unsettled", "plan.flow_ends", "The weights have not converged.", "have not converged"),
    ("gap", "loss.largest_relative_gap", 0.02, "up to 2 %. The prediction is"),
    ("not_attained", "modes.1.optimum.attained", False, "Mode 2 has no best solution"),
    ("unstable", "modes.0.stable", False, "Mode 1 has a best solution that is unstable"),
    ("pruned", "modes.1.prunes_mode", True, "Mode 2 has less than 1 %"),
    ("not_learned", "modes.1.learned.trained", None, "Mode 2 has not been learned"),
    ("narrow", "configuration.hidden", 1, "1 hidden units for 2 modes"),
    ("too_small", "hidden_units.needed.0.units", 3, "that takes 3 at least"),
    ("loose_sizes", "hidden_units.every_matrix", False, "that of regression"),
    ("one_start", "configuration.seeds", 1, "one start"),
    ("fitted_time", "configuration.checkpoints", "run.npz", "fits the loss best, 0.1;"),
    ("one_length", "configuration.outputs", "final", "Trials of one length"),
    ("one_length", "task.steps", 1, "Trials have one step"),
    ("white_input", "assumptions.white_input", 0.5, "Whiten the inputs"),
    ("constant_bases", "assumptions.constant_bases", 0.5, "modes mix"),
    ("aligned", "assumptions.aligned", 0.5, "init_aligned"),
    ("balanced", "assumptions.balanced", 0.5, "closed forms"),
]


def test_where_all_is_well_nothing_is_added():
    assert limits(QUIET) == []


@pytest.mark.parametrize(("code", "place", "value", "words"), CASES)
def test_a_limit_is_said_where_it_applies(code, place, value, words):
    summary = copy.deepcopy(QUIET)
    where, _, key = place.rpartition(".")
    holder = at(summary, where) if where else summary
    holder[int(key) if isinstance(holder, list) else key] = value
    said = {limit.code: limit.sentence for limit in limits(summary)}
    assert words in said[code]
    others = {"narrow": {"too_small"}}.get(code, set())
    assert set(said) <= {code} | others


def test_several_modes_are_listed():
    summary = copy.deepcopy(QUIET)
    for mode in summary["modes"]:
        mode["stable"] = False
    assert limits(summary)[0].sentence.startswith("Modes 1 and 2 have")


@every_study
def test_the_limits_of_a_study_are_on_its_page(studies, reports, name):
    said = {e["data-code"]: e.text for e in Page(reports(name)).of("li") if e.get("data-code")}
    found = limits(studies(name).summary())
    expected = {limit.code: limit.sentence.replace("`", "") for limit in found}
    assert said == expected
    assert ("nothing_to_learn" in said) == (name == "silent")
    assert "one_start" in said
