"""x."""

MISSING = ()
