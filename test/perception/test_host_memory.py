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

import ctypes
import gc
from pathlib import Path

from digiphys_ros.bundles import load_bundle
from digiphys_ros.perception import Classifier, Frame, host_memory
from digiphys_ros.perception.engines import FakeEngine
from digiphys_ros.perception.host_memory import host_array, is_page_locked
from digiphys_ros.resources import share_dir
import numpy as np
import pytest


class Driver:
    """The functions of libcuda that are called, as the driver API describes them."""

    def __init__(self, refused=()):
        self.locked, self.context, self._refused = {}, [], refused

    def cuInit(self, flags):
        return 0

    def cuDevicePrimaryCtxRetain(self, context, device):
        return 0

    def cuCtxPushCurrent_v2(self, context):
        self.context.append(context)
        return 0

    def cuCtxPopCurrent_v2(self, context):
        self.context.pop()
        return 0

    def cuMemHostRegister_v2(self, address, size, flags):
        # 201: no context, 1: refused
        if not self.context or 'register' in self._refused:
            return 1 if self.context else 201
        self.locked[address.value] = size.value
        return 0

    def cuMemHostUnregister(self, address):
        return 0 if self.context and self.locked.pop(address.value, 0) else 201

    def cuPointerGetAttribute(self, kind, attribute, address):
        known = any(first <= address.value < first + size for first, size in self.locked.items())
        if known:
            ctypes.cast(kind, ctypes.POINTER(ctypes.c_uint))[0] = 1
        return 0 if known else 1


@pytest.fixture
def driver(monkeypatch):
    return install(monkeypatch, Driver())


def install(monkeypatch, driver):
    monkeypatch.setattr(host_memory.ctypes, 'CDLL', lambda name: driver)
    made = host_memory._Driver()
    monkeypatch.setattr(host_memory, '_driver', lambda: made)
    return driver


def test_gpu_memory_is_locked_until_its_last_view_is_deleted(driver):
    array = host_array((4, 8, 8, 3), np.float32, 'CUDA')
    assert driver.locked == {array.ctypes.data: array.nbytes}
    view = array[:2]
    assert is_page_locked(view)
    del array
    gc.collect()
    assert is_page_locked(view)
    del view
    gc.collect()
    assert driver.locked == {} and driver.context == []


def test_cpu_memory_is_not_locked(driver):
    assert not is_page_locked(host_array((4,), np.uint8, 'CPU'))
    assert driver.locked == {}


def test_refused_lock_gives_an_ordinary_array(monkeypatch):
    driver = install(monkeypatch, Driver(refused=('register',)))
    array = host_array((4,), np.uint8, 'CUDA')
    array[:] = 7
    assert not is_page_locked(array)
    assert driver.context == []


def test_classifier_on_a_gpu_uses_locked_memory(driver):
    class OnGpu(FakeEngine):
        device = 'CUDA'

        def infer(self, tensor):
            locked.append(is_page_locked(tensor))
            return super().infer(tensor)
    locked = []
    bundle = load_bundle(share_dir() / 'models' / 'traffic_signs')
    classifier = Classifier(bundle, OnGpu(bundle.spec, len(bundle.labels)))
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 'rgb')
    for size in (1, 3, 2):
        classifier.batch([frame] * size)
    gc.collect()
    assert locked == [True] * 3
    assert len(driver.locked) == 1


def test_machine_without_the_driver_uses_ordinary_memory():
    if Path('/dev/nvidia0').exists():
        pytest.skip('this machine has an NVIDIA GPU')
    array = host_array((4,), np.uint8, 'CUDA')
    assert array.shape == (4,) and not is_page_locked(array)


def test_the_real_driver_locks_memory():
    if not Path('/dev/nvidia0').exists():
        pytest.skip('this machine has no NVIDIA GPU')
    array = host_array((1, 224, 224, 3), np.float32, 'CUDA')
    assert is_page_locked(array)
    assert not is_page_locked(np.empty(1 << 20, np.uint8))
