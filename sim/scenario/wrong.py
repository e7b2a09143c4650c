"""A value that does not fit its place, and how messages name values and near misses."""

import difflib
from collections.abc import Iterable, Mapping


class Wrong(ValueError):
    """A value that does not fit its place.

    ``at`` leads from the field to the value inside it; ``key`` says that the key itself is wrong.
    """

    def __init__(self, message: str, at: tuple[str, ...] = (), *, key: bool = False):
        super().__init__(message)
        self.message, self.at, self.key = message, at, key

    def under(self, *names: str) -> "Wrong":
        """The same complaint seen from further out."""
        return Wrong(self.message, (*names, *self.at), key=self.key)


def closest(word: object, names: Iterable[str]) -> str | None:
    """The name nearest to ``word``, if one is near."""
    close = difflib.get_close_matches(str(word), list(names), n=1, cutoff=0.6)
    return close[0] if close else None


def nearest(word: object, names: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the name nearest to ``word``, or nothing."""
    close = closest(word, names)
    return f"; did you mean '{close}'?" if close else ""


def choice(word: object, names: Iterable[str]) -> str:
    """The nearest name, or all there are."""
    names = list(names)
    return nearest(word, names) or (f"; there are {', '.join(names)}" if names else "; there is none")


def shown(value: object) -> str:
    """A value as an error message quotes it: short, on one line."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def reason(error: Exception) -> str:
    """Why a file could not be read, in plain words."""
    words = {
        FileNotFoundError: "no such file",
        IsADirectoryError: "it is a folder",
        UnicodeDecodeError: "it is not UTF-8 text",
        PermissionError: "permission denied",
    }
    return words.get(type(error)) or getattr(error, "strerror", None) or str(error)
