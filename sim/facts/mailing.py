"""x."""

MAILING = ()
