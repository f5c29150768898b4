"""All that learning sees of a task: moments in lag order, from data, a spectrum or a teacher."""

from learndyn.statistics._chunks import ChunkedTrials as ChunkedTrials
from learndyn.statistics._eigenbasis import diagonal_share as diagonal_share
from learndyn.statistics._eigenbasis import eigenbasis as eigenbasis
from learndyn.statistics._inputs import CorrelatedInputs as CorrelatedInputs
from learndyn.statistics._inputs import InputMoments as InputMoments
from learndyn.statistics._inputs import WhiteInputs as WhiteInputs
from learndyn.statistics._later_inputs import ReadoutFloors as ReadoutFloors
from learndyn.statistics._task_statistics import TaskStatistics as TaskStatistics
from learndyn.statistics._task_statistics import lags_to_stack as lags_to_stack
from learndyn.statistics._task_statistics import stack_to_lags as stack_to_lags
from learndyn.statistics._trials import Trials as Trials
from learndyn.statistics._whitening import Whitened as Whitened
from learndyn.statistics._whitening import whiten as whiten
