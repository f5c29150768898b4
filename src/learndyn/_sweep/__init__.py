"""A function over a grid of parameters: batched, labelled, in chunks."""
