"""Servers to compare with, each the shortest that does it."""
