# Copyright 2026 digiphys_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Arrays that a GPU copies from by itself: page-locked, where an NVIDIA driver is there."""

from contextlib import suppress
import ctypes
from functools import cache
import mmap
from typing import Any
import weakref

import numpy as np
from numpy.typing import DTypeLike, NDArray

# of the CUDA driver API
PORTABLE, MEMORY_TYPE, HOST = 1, 2, 1


def host_array(shape: tuple[int, ...], dtype: DTypeLike, device: str) -> NDArray[Any]:
    """
    Return an array to fill for an engine, not initialised.

    For a GPU it has pages of its own, locked (``cuMemHostRegister``) until the array and all views
    of it are gone: from other memory the driver copies twice. Where locking is refused, as by a
    limit on locked memory, they are pages like any other.

    :param device: ``Engine.device``.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if device == 'CPU' or not size:
        return np.empty(shape, dtype)
    memory = np.frombuffer(mmap.mmap(-1, size), np.uint8)
    address = memory.ctypes.data
    with suppress(OSError):
        _driver().call('cuMemHostRegister_v2', ctypes.c_void_p(address), ctypes.c_size_t(size),
                       PORTABLE)
        # the driver may be gone before the interpreter ends
        weakref.finalize(memory, _unlock, address).atexit = False
    return memory.view(dtype).reshape(shape)


def is_page_locked(array: NDArray[Any]) -> bool:
    """Return whether a GPU copies from an array by itself, as the driver tells."""
    kind = ctypes.c_uint()
    with suppress(OSError):
        _driver().call('cuPointerGetAttribute', ctypes.byref(kind), MEMORY_TYPE,
                       ctypes.c_void_p(array.ctypes.data))
    return kind.value == HOST


def _unlock(address: int) -> None:
    with suppress(OSError):
        _driver().call('cuMemHostUnregister', ctypes.c_void_p(address))


class _Driver:
    """The CUDA driver, and what TensorFlow and ONNX Runtime do on the first GPU: its context."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL('libcuda.so.1')
        self._context = ctypes.c_void_p()
        self._do('cuInit', 0)
        self._do('cuDevicePrimaryCtxRetain', ctypes.byref(self._context), 0)

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function in the context; raises OSError where it fails."""
        self._do('cuCtxPushCurrent_v2', self._context)
        try:
            self._do(name, *arguments)
        finally:
            self._do('cuCtxPopCurrent_v2', ctypes.byref(ctypes.c_void_p()))

    def _do(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            raise OSError(code, f'{name} of the CUDA driver failed with {code}')


@cache
def _driver() -> _Driver:
    """Return the driver; raises OSError where there is none."""
    return _Driver()
