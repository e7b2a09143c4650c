"""x."""

TRIGGERS = ()
