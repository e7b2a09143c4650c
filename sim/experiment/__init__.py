"""Runs: many replications of one scenario, and the folder that keeps them."""
