"""The linear recurrent network: its weights, impulse response, starts and connectivity modes."""

from learndyn.network._initialization import init_aligned as init_aligned
from learndyn.network._initialization import init_unaligned as init_unaligned
from learndyn.network._linear_rnn import LinearRNN as LinearRNN
from learndyn.network._modes import Bases as Bases
from learndyn.network._modes import Modes as Modes
from learndyn.network._modes import network_from_modes as network_from_modes
from learndyn.network._modes import network_modes as network_modes
from learndyn.network._modes import partners as partners
from learndyn.network._modes import phases as phases
from learndyn.network._modes import recover_bases as recover_bases
from learndyn.network._modes import response_from_modes as response_from_modes
from learndyn.network._modes import response_modes as response_modes
from learndyn.network._recursion import lag_responses as lag_responses
from learndyn.network._recursion import pull_back as pull_back
