"""What the machine compares is shown when it differs, as in a test."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.model.machine", "tests.model.model", "tests.model.seat", "tests.model.world")
