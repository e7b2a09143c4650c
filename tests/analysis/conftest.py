import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fakes():
    """The module of made-up programs and outcomes."""
    spec = importlib.util.spec_from_file_location("fakes", Path(__file__).parent / "fakes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
