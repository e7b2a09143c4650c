"""Touchpoints written in Python: ``python: rules.py:surprise`` names a function in a file beside the scenario."""

import ast
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import core_schema

from sim.scenario.columns import Reading
from sim.scenario.wrong import Wrong, choice, reason, shown

PARAMETERS = ("customer", "touch")


@dataclass(frozen=True)
class Script:
    """A function of the user's own. It carries its source, so that every worker runs the same text."""

    file: str
    function: str
    source: str = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the source."""
        return hashlib.sha256(self.source.encode()).hexdigest()


class ScriptType:
    """Pydantic metadata: ``FILE.py:FUNCTION`` becomes a Script, read and looked through but not run."""

    def validate(self, node: Any, info: Any) -> Script:
        """For pydantic: what was read is noted in ``info.context``."""
        file, function = split(node)
        source = _source(Path(file))
        check(Path(file).name, source, function)
        if info.context is not None and isinstance(info.context, Reading):
            info.context.sources.append(Path(file))
        return Script(file, function, source)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self.validate)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        return {"type": "string", "pattern": r"^.+\.py:\w+$", "examples": ["rules.py:surprise"]}


def split(node: Any) -> tuple[str, str]:
    """File and function of ``FILE.py:FUNCTION``. Raises :class:`Wrong` for anything else."""
    if isinstance(node, Script):
        return node.file, node.function
    file, colon, function = node.rpartition(":") if isinstance(node, str) else ("", "", "")
    if not (colon and file.endswith(".py") and function.isidentifier()):
        raise Wrong(f"expected a Python file and a function such as rules.py:surprise, got {shown(node)}")
    return file, function


def _source(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise Wrong(f"cannot read {file.name}: {reason(error)}") from None


def check(name: str, source: str, function: str) -> None:
    """Raises :class:`Wrong` where the source is no Python, or has no such function of two arguments."""
    try:
        compile(source, name, "exec")
        tree = ast.parse(source)
    except SyntaxError as error:
        raise Wrong(f"{name}:{error.lineno or 1}:{error.offset or 1}: {error.msg}") from None
    except ValueError as error:  # a null byte
        raise Wrong(f"{name}: {error}") from None
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in functions:
        raise Wrong(f"{name} has no function {shown(function)}{choice(function, functions)}")
    _check_arguments(name, functions[function])


def _check_arguments(name: str, found: ast.FunctionDef) -> None:
    """Two arguments are passed by position; further ones need defaults."""
    arguments = found.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = len(positional) - len(arguments.defaults)
    lacking = any(default is None for default in arguments.kw_defaults)
    if needed > 2 or (len(positional) < 2 and not arguments.vararg) or lacking:
        place = f"{name}:{found.lineno}:{found.col_offset + 1}"
        raise Wrong(f"{place}: expected {found.name}({', '.join(PARAMETERS)})")
