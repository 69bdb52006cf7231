"""Benchmarks: ours beside a named baseline, in one run."""
