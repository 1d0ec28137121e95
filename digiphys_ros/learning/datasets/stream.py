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

"""Batches of tensors; the same seed and epoch give the same batches."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
import os
import threading
from typing import Any

from digiphys_ros.errors import DigiphysError
from digiphys_ros.learning.augment import mix
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.memory import budget_bytes
from digiphys_ros.learning.datasets.shard import shard as shard_of
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.preprocess import Preprocessor
import numpy as np
from numpy.typing import NDArray

Prepare = Callable[[NDArray[Any]], NDArray[Any]]
Augment = Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]

CACHE_BYTES = 1 << 30
"""Largest cache of samples; other samples are read again in each epoch."""
AT_ONCE = 1024
READY, THREADS = 4, min(os.cpu_count() or 1, 16)
"""Prefetched batches; the AUTOTUNE of tf.data would use half the memory."""


def tensor_of(preprocess: Preprocessor, pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the tensor (H, W, C) of an image, with the preprocessing of the robot."""
    result: NDArray[Any] = preprocess(Frame.of(pixels))[0]
    return result


class SampleCache:
    """Read samples and cache them, up to a number of bytes."""

    def __init__(self, read: Callable[[int], NDArray[Any]], most_bytes: int) -> None:
        self._read = read
        self._left = most_bytes
        self._samples: dict[int, NDArray[Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, index: int) -> NDArray[Any]:
        sample = self._samples.get(index)
        if sample is None:
            sample = self._read(index)
            with self._lock:
                if index not in self._samples and sample.nbytes <= self._left:
                    self._left -= sample.nbytes
                    self._samples[index] = sample
        return sample


class Stream:
    """
    Batches of one data set, epoch by epoch.

    Order, augmentation and mixup depend only on seed, epoch and index, so an epoch can be repeated
    exactly.

    :param prepare: sample -> tensor; runs in several threads.
    :param seed: shuffles the samples; None keeps their order.
    :param augment: changes a sample before it is prepared.
    :param mixup: alpha of mixup within a batch; 0 is off.
    :param ambiguous: fraction of the samples to which ``corrupt`` is applied; each epoch draws
        others. Their target is uniform over the classes.
    :param class_weights: (classes,) loss weight of a sample by its class.
    :param cache_bytes: size of the cache; None is a quarter of the free memory, at most 1 GiB.
    """

    def __init__(self, data: Dataset, prepare: Prepare, *, batch: int, seed: int | None = None,
                 augment: Augment | None = None, mixup: float = 0.0,
                 corrupt: Augment | None = None, ambiguous: float = 0.0,
                 class_weights: NDArray[Any] | None = None,
                 cache_bytes: int | None = None) -> None:
        self.data = data
        self.error: DigiphysError | None = None
        self._prepare, self._augment, self._mixup = prepare, augment, mixup
        self._corrupt, self._ambiguous = corrupt, ambiguous if corrupt else 0.0
        self._batch, self._seed, self._weights = batch, seed, class_weights
        self._targets = np.eye(len(data.labels), dtype=np.float32)
        self._shape = prepare(data.read(0)).shape
        room = budget_bytes() if cache_bytes is None else cache_bytes
        tensor_bytes = 4 * int(np.prod(self._shape)) * len(data)
        self._tensors: Any = None
        # TensorFlow copies them, so they need twice the memory for a moment
        if augment is corrupt is None and 2 * tensor_bytes <= room and tensor_bytes <= CACHE_BYTES:
            self._tensors = self._all_tensors()
        else:
            self._read = SampleCache(data.read, min(room, CACHE_BYTES))

    @property
    def steps(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.data) // self._batch)

    def epoch(self, number: int, shard: tuple[int, int] = (0, 1)) -> Any:
        """
        Return a tf.data.Dataset of (tensor, target, weight) batches.

        Targets are one-hot, or blends of them. An unreadable sample ends it with a TensorFlow
        error; the reason is then in ``error``.

        :param shard: (index, count): which shard of each batch to load; one for each worker.
        """
        import tensorflow as tf
        batches = tf.data.Dataset.from_tensor_slices(self._order(number)).batch(self._batch)
        load: Any = self._gather if self._tensors is not None and not self._mixup \
            else partial(self._call_load, number)
        if shard != (0, 1):
            load = shard_of(load, *shard)
        return batches.map(load, num_parallel_calls=THREADS, deterministic=True).prefetch(READY)

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if self._seed is None:
            return np.arange(len(self.data))
        return np.random.default_rng([self._seed, epoch]).permutation(len(self.data))

    def _all_tensors(self) -> Any:
        import tensorflow as tf
        tensors = np.empty((len(self.data), *self._shape), np.float32)

        def fill(index: int) -> None:
            tensors[index] = self._prepare(self.data.read(index))
        with ThreadPoolExecutor(THREADS) as pool:
            for start in range(0, len(tensors), AT_ONCE):
                for _ in pool.map(fill, range(start, min(start + AT_ONCE, len(tensors)))):
                    pass
        # GPU memory is too small, and tf.data gathers on the CPU
        with tf.device('/CPU:0'):
            self._all_targets = tf.constant(self._targets[self.data.classes])
            self._all_weights = tf.constant(self._weight(np.arange(len(self.data))))
            return tf.constant(tensors)

    def _gather(self, indices: Any) -> Any:
        import tensorflow as tf
        return tuple(tf.gather(values, indices) for values in (
            self._tensors, self._all_targets, self._all_weights))

    def _call_load(self, epoch: int, indices: Any) -> Any:
        import tensorflow as tf
        tensors, targets, weights = tf.numpy_function(
            partial(self._load, epoch), [indices], [tf.float32] * 3, stateful=False)
        tensors.set_shape((None, *self._shape))
        targets.set_shape((None, len(self._targets)))
        weights.set_shape((None,))
        return tensors, targets, weights

    def _load(self, epoch: int, indices: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        ambiguous = [self._is_ambiguous(epoch, int(index)) for index in indices]
        try:
            tensors = np.stack([self._one(epoch, int(index), one)
                                for index, one in zip(indices, ambiguous, strict=True)]) \
                if self._tensors is None else self._tensors.numpy()[indices]
        except DigiphysError as error:
            self.error = error
            raise
        targets = self._targets[self.data.classes[indices]]
        targets[ambiguous] = 1 / len(self._targets)
        if self._mixup:
            rng = np.random.default_rng([self._seed or 0, epoch, int(indices[0]), 1])
            tensors, targets = mix(tensors, targets, self._mixup, rng)
        return tensors, targets, self._weight(indices)

    def _one(self, epoch: int, index: int, ambiguous: bool) -> NDArray[Any]:
        sample = self._read(index)
        if self._augment is not None:
            rng = np.random.default_rng([self._seed or 0, epoch, index])
            sample = self._augment(sample, rng)
        if self._corrupt is not None and ambiguous:
            rng = np.random.default_rng([self._seed or 0, epoch, index, 2])
            sample = self._corrupt(sample, rng)
        return self._prepare(sample).astype(np.float32, copy=False)

    def _is_ambiguous(self, epoch: int, index: int) -> bool:
        if not self._ambiguous:
            return False
        draw = np.random.default_rng([self._seed or 0, epoch, index, 3]).random()
        return bool(draw < self._ambiguous)

    def _weight(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        if self._weights is None:
            return np.ones(len(indices), np.float32)
        chosen: NDArray[np.float32] = self._weights[self.data.classes[indices]].astype(np.float32)
        return chosen
