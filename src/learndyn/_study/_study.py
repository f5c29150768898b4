"""A study: what theory says of trials, and networks that were trained on them, beside it."""

import copy
import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from learndyn._curve import Comparison, LearningCurve
from learndyn._forms import FormShares
from learndyn._io import write_text
from learndyn._problem import Problem
from learndyn._study._plan import Plan
from learndyn._study._report import details, named_spectrum, report_of
from learndyn._study._run import Run
from learndyn._study._theory import mode_theory
from learndyn._study._write import write_study
from learndyn.network import response_modes
from learndyn.report import page_in_frame

# Parts of the summary that are those of the first network.
_OF_THE_FIRST = ("loss", "feature_learning", "training", "recurrent_singular_values")


@dataclass(frozen=True)
class Study:
    """What a linear RNN learns from trials: predicted, trained, and the two compared.

    Attributes:
        data: what the trials are, see `learndyn.sources.describe`.
        forms: share of the task that each form of the theory captures.
        plan: horizon and rate, and the flows they were read off.
        runs: a network from each start, all on the time axis of the plan.
        configuration: all it takes to make the study again from the same trials.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> x = np.random.default_rng(0).normal(size=(200, 2, 1))
        >>> ld.study(x, x.sum(1), scale=0.5).spectrum.shape
        (1, 2)
    """

    data: dict
    forms: FormShares
    plan: Plan
    runs: tuple[Run, ...]
    configuration: dict

    @property
    def problem(self) -> Problem:
        """The first network at its start, and the statistics of the trials."""
        return self.runs[0].problem

    @property
    def predicted(self) -> LearningCurve:
        """Learning curve of the first network by the flow of the weights."""
        return self.runs[0].predicted

    @property
    def trained(self) -> LearningCurve:
        """Learning curve of the first network, trained."""
        return self.runs[0].trained

    @property
    def lazy(self) -> LearningCurve:
        """Learning curve of the first network, linearized at its start."""
        return self.runs[0].lazy

    @property
    def comparison(self) -> Comparison:
        """Predicted minus trained, of the first network."""
        return self.runs[0].comparison

    @property
    def spectrum(self) -> np.ndarray:
        """Diagonal of the correlations per lag weight in the problem's bases, `(modes, T)`.

        In t order, strongest mode first; complex in eigenvectors.
        """
        bases, targets = self.trained.bases, self.problem.statistics.lag_targets
        by_lag = response_modes(targets, bases.output, bases.input)
        return np.asarray(by_lag[::-1].T)

    def summary(self) -> dict:
        """The study in numbers, ready for JSON.

        Returns:
            Nested dictionaries; losses are `½ mean ‖y − ŷ‖²`, times are of `dW/dt = −∇L`. What is
            said of one network is said of the first; `runs` has numbers of each.
        """
        return copy.deepcopy(self._summary)

    @cached_property
    def _summary(self) -> dict:
        statistics, floors = self.problem.statistics, self.problem.statistics.readout_floors
        runs = [run.summary() for run in self.runs]
        first = runs[0]
        modes = mode_theory(self.problem, self.trained.bases, first["learned"])
        return {
            "configuration": self.configuration,
            "data": self.data,
            "task": {
                "steps": statistics.length,
                "inputs": statistics.n_in,
                "outputs": statistics.n_out,
                **named_spectrum(self.spectrum),
            },
            "form": {**self.forms._asdict(), "better": self.forms.better},
            "readout_floors": floors and {k: float(v) for k, v in vars(floors).items()},
            "modes": modes,
            "assumptions": {k: float(v) for k, v in self.trained.violations.items()},
            "plan": {
                "curvature": self.plan.curvature,
                "learning_rate": self.plan.learning_rate,
                "horizon": self.plan.horizon,
                "shortened": self.plan.shortened,
                "enough_steps": self.plan.enough_steps,
                "flow_ends": first["flow_ends"],
            },
            **{name: first[name] for name in _OF_THE_FIRST},
            "prediction": {"method": self.predicted.method},
            "runs": runs,
            **details(self, modes),
        }

    def report(self, path: str | os.PathLike) -> None:
        """Write the report: one page that needs no other file, whole or not at all.

        Args:
            path: file name, which should end in `.html`.

        Example:
            >>> import pathlib, tempfile, numpy as np, learndyn as ld
            >>> x = np.random.default_rng(0).normal(size=(200, 2, 1))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "report.html")
            ...     ld.study(x, x.sum(1), scale=0.5).report(path)
            ...     path.read_text(encoding="utf-8")[:15]
            '<!doctype html>'
        """
        write_text(path, report_of(self, self._summary))

    def _repr_html_(self) -> str:
        """The report, as notebooks show it."""
        return page_in_frame(report_of(self, self._summary))

    def save(self, folder: str | os.PathLike) -> None:
        """Write curves (netCDF), figure (SVG), the report and `summary.json`, the summary last.

        Args:
            folder: where; made if missing.
        """
        page = report_of(self, self._summary)
        write_study(folder, self.runs, self.spectrum, self._summary, page)
