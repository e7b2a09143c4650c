"""The simulator against mathematics: limits with closed forms, run and judged by `touchpoint verify`."""
