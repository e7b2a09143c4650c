"""A bundle of arrays that compiled code reads by name: ``w.people[i]``.

Numba's own bundles (named tuples, structrefs) count references to each array each time it is touched, which
took more than half of the engine's time. Here compiled code sees one address and behind it the place, shape
and strides of every array; whoever calls keeps the bundle, and with it the arrays, alive. Interpreted
(``NUMBA_DISABLE_JIT=1``) it is an ordinary object.
"""

import functools
import hashlib
from typing import ClassVar

import numba
import numpy as np
from numba.core import cgutils, types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, models, register_model, unbox
from numba.np import arrayobj


class Bundle:
    """Arrays under the names in FIELDS, given in that order."""

    FIELDS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *arrays: np.ndarray):
        for name, array in zip(self.FIELDS, arrays, strict=True):
            if not array.flags.c_contiguous:
                raise ValueError(f"{name}: compiled code needs a contiguous array")
            setattr(self, name, array)
        if not numba.config.DISABLE_JIT:
            words = [x for array in arrays for x in (array.ctypes.data, *array.shape, *array.strides)]
            self._places = np.array(words, np.int64)
            self.address = self._places.ctypes.data
            kinds = tuple((array.dtype, array.ndim, array.flags.writeable) for array in arrays)
            self._numba_type_ = _type_of(type(self), kinds)


@functools.cache
def _type_of(bundle: type[Bundle], kinds: tuple) -> "BundleType":
    """Numba's type of a bundle whose arrays have these (dtype, dimensions, writeable): worked out once."""
    arrays = (numba.types.Array(_item(dtype), ndim, "C", not written) for dtype, ndim, written in kinds)
    return BundleType(bundle.__name__, tuple(zip(bundle.FIELDS, arrays, strict=True)))


def _item(dtype: np.dtype) -> types.Type:
    return numba.typeof(np.empty(1, dtype)).dtype


class BundleType(types.Type):
    """Numba's view of a bundle: the names and types of its arrays. A short name keeps symbols short."""

    def __init__(self, name: str, fields: tuple):
        digest = hashlib.sha256(repr(fields).encode()).hexdigest()[:16]
        self.kinds = dict(fields)
        self.words, word = {}, 0
        for field, kind in fields:
            self.words[field] = word
            word += 1 + 2 * kind.ndim
        super().__init__(f"{name}_{digest}")


@register_model(BundleType)
class BundleModel(models.OpaqueModel):
    """An address, without a count of references."""


@unbox(BundleType)
def _address_of(typ, obj, c):
    address = c.pyapi.object_getattr_string(obj, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(pointer)


@infer_getattr
class BundleAttributes(AttributeTemplate):
    """The types of the arrays."""

    key = BundleType

    def generic_resolve(self, typ, attr):
        """The type of an array by its name."""
        return typ.kinds.get(attr)


@lower_getattr_generic(BundleType)
def _array_of(context, builder, typ, value, attr):
    kind = typ.kinds[attr]
    word = context.get_value_type(types.int64)
    words = builder.bitcast(value, word.as_pointer())
    constant = builder.module.add_metadata([])

    def read(k):
        place = cgutils.gep_inbounds(builder, words, typ.words[attr] + k)
        loaded = builder.load(place)
        loaded.set_metadata("invariant.load", constant)  # a bundle's arrays are never replaced
        return loaded

    array = arrayobj.make_array(kind)(context, builder)
    arrayobj.populate_array(
        array,
        data=builder.inttoptr(read(0), array.data.type),
        shape=[read(1 + d) for d in range(kind.ndim)],
        strides=[read(1 + kind.ndim + d) for d in range(kind.ndim)],
        itemsize=context.get_constant(
            types.intp, kind.dtype.size if isinstance(kind.dtype, types.Record) else kind.dtype.bitwidth // 8
        ),
        meminfo=None,
    )
    return array._getvalue()
