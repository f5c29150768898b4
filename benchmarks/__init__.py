"""Benchmarks of learndyn against peers, one module per subject: `python -m benchmarks`."""
