"""Functions that only compiled code calls become machine code once: inside the function that Python calls.

Numba makes every function ready to run on its own: together with all that it calls, it is optimised and turned
into machine code. Its caller then takes in the optimised code, and optimises and turns it into machine code
again. With functions ten layers deep that was half of a cold start. Here an inner function stops at LLVM's
intermediate code, and the outermost function is optimised and made machine code as a whole: the same arithmetic,
since no pass may reorder it.

Numba offers no setting for this. What is used here is internal, so it is used with the versions of Numba on which
it was tried; with any other, `PIPELINE` is None and functions are compiled in Numba's own way, only slower.
"""

import importlib
from typing import Any

import numba

TRIED = ((0, 62), (0, 68))  # oldest and newest version of Numba, both included


def _pipeline() -> Any:
    """Numba's compiler with another last pass."""
    compiler: Any = importlib.import_module("numba.core.compiler")
    passes: Any = importlib.import_module("numba.core.typed_passes")
    make_function: Any = importlib.import_module("numba._dynfunc").make_function
    library: Any = importlib.import_module("numba.core.codegen").JITCodeLibrary
    register_pass: Any = importlib.import_module("numba.core.compiler_machinery").register_pass

    class InnerLibrary(library):
        """The code of one function and of what it calls, to be linked into callers only."""

        def _optimize_final_module(self):
            pass

        def _finalize_final_module(self):
            self._finalize_dynamic_globals()
            self._finalized = True

    @register_pass(mutates_CFG=True, analysis_only=False)
    class InnerLowering(passes.NativeLowering):
        """Numba's own last pass, without machine code."""

        _name = "inner_lowering"

        def run_pass(self, state):
            context, name = state.targetctx, state.func_id.func_qualname
            state.library = InnerLibrary(context.codegen(), name)
            state.flags = state.flags.copy()
            state.flags.no_compile = True
            super().run_pass(state)
            made = state["cr"]
            # Numba knows a function by its entry for Python. This one leads nowhere, as without a wrapper anyway.
            entry = make_function(made.fndesc.lookup_module(), name, "", 0, made.env, (state.library,))
            context.insert_user_function(entry, made.fndesc, [state.library])
            state["cr"] = made._replace(cfunc=entry)
            return True

    class InnerCompiler(compiler.CompilerBase):
        """The usual passes, but for the last one."""

        def define_pipelines(self):
            usual = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
            chosen = compiler.PassManager("inner")
            for kind, what in usual.passes:
                chosen.add_pass(InnerLowering if kind is passes.NativeLowering else kind, what)
            chosen.finalize()
            return [chosen]

    return InnerCompiler


def _was_tried(version: str) -> bool:
    first, last = TRIED
    numbers = version.split(".")[:2]
    return all(n.isdigit() for n in numbers) and first <= tuple(map(int, numbers)) <= last


_config: Any = numba.config
PIPELINE: Any = None if _config.DISABLE_JIT or not _was_tried(numba.__version__) else _pipeline()
