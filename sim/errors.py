"""Every exception Touchpoint raises on purpose.

::

    TouchpointError
    ├── ScenarioError      a scenario file is not right (exit status 2)
    ├── UsageError         a command or call is not right (exit status 2)
    └── RunError           a run could not be finished (exit status 1)
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TouchpointError(Exception):
    """Root of the tree: catch this to catch everything Touchpoint says."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a scenario: where (``file:line:column``), the path of the key, and what."""

    where: str
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class ScenarioError(TouchpointError):
    """A scenario file is not right; ``problems`` lists everything found, in file order."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self):
        """Worker processes send exceptions home: from the problems, not from their text."""
        return type(self), (self.problems,)


class UsageError(TouchpointError):
    """A command or a call asks for something that is not there."""


class RunError(TouchpointError):
    """A run could not be finished; nothing that looks finished is left behind."""
