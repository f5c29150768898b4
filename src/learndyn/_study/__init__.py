"""The main job: what a linear RNN will learn from trials, beside one that is trained on them."""

from learndyn._study._checkpoint_files import read_checkpoints as read_checkpoints
from learndyn._study._checkpoints import Checkpoints as Checkpoints
from learndyn._study._folder import claimed_folder as claimed_folder
from learndyn._study._make import make_study as make_study
from learndyn._study._make import study as study
from learndyn._study._options import Options as Options
from learndyn._study._options import configure as configure
from learndyn._study._study import Study as Study
