"""A function over a grid of parameters: batched, labelled, in chunks."""

from learndyn._sweep._sweep import sweep as sweep
