"""How properties are tried: the same examples in every run, so that a failure is nobody's luck."""

from __future__ import annotations

from hypothesis import settings

# No deadline: a shared machine may stop for longer than any that would mean something.
PROPERTY = settings(derandomize=True, database=None, deadline=None, max_examples=100)
