"""A function over a grid of parameters: batched, labelled, in chunks."""

from learndyn._sweep._sweep import sweep as sweep
from learndyn._sweep._train_many import TrainedNetworks as TrainedNetworks
from learndyn._sweep._train_many import train_many as train_many
