"""Benchmarks: the product beside its floor and its peers, measured in one run on one machine."""
