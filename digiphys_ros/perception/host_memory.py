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

"""Page-locked arrays for GPU transfers, if there is an NVIDIA driver."""

from contextlib import suppress
import ctypes
from functools import cache
import mmap
from typing import Any
import weakref

import numpy as np
from numpy.typing import DTypeLike, NDArray

# constants of the CUDA driver API
PORTABLE, MEMORY_TYPE, HOST = 1, 2, 1


def host_array(shape: tuple[int, ...], dtype: DTypeLike, device: str) -> NDArray[Any]:
    """
    Return an uninitialised input array for an engine.

    For a GPU its pages are locked (``cuMemHostRegister``) until the array and all views are
    deleted: from other memory the driver copies twice. If locking is refused, as by a limit on
    locked memory, it is an ordinary array.

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
        # the driver may be unloaded before the interpreter ends
        weakref.finalize(memory, _unlock, address).atexit = False
    return memory.view(dtype).reshape(shape)


def is_page_locked(array: NDArray[Any]) -> bool:
    """Return whether the driver reports an array as page-locked."""
    kind = ctypes.c_uint()
    with suppress(OSError):
        _driver().call('cuPointerGetAttribute', ctypes.byref(kind), MEMORY_TYPE,
                       ctypes.c_void_p(array.ctypes.data))
    return kind.value == HOST


def _unlock(address: int) -> None:
    with suppress(OSError):
        _driver().call('cuMemHostUnregister', ctypes.c_void_p(address))


class _Driver:
    """The CUDA driver, with the primary context of the first GPU, like other runtimes."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL('libcuda.so.1')
        self._context = ctypes.c_void_p()
        self._do('cuInit', 0)
        self._do('cuDevicePrimaryCtxRetain', ctypes.byref(self._context), 0)

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function in the context; raise OSError if it fails."""
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
    """Return the driver; raise OSError without one."""
    return _Driver()
