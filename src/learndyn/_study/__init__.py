"""The main job: what a linear RNN will learn from trials, beside one that is trained on them."""

from learndyn._study._folder import claim_folder as claim_folder
from learndyn._study._source import Source as Source
from learndyn._study._source import open_source as open_source
from learndyn._study._study import Study as Study
from learndyn._study._study import configure as configure
from learndyn._study._study import study as study
from learndyn._study._study import study_trials as study_trials
