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

import os
from pathlib import Path
import subprocess
import sys

import cv2
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import in_memory
from digiphys_ros.learning.datasets.stream import SampleCache, Stream
import numpy as np
import pytest


def scaled(sample):
    return sample.astype(np.float32) / 255


def small(count=20):
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    return in_memory('d', ('a', 'b'), images, np.arange(count) % 2)


def noisy(image, rng):
    return np.clip(image + rng.integers(-9, 9, image.shape), 0, 255).astype(np.uint8)


def epoch(stream, number):
    return [tuple(part.numpy() for part in batch) for batch in stream.epoch(number)]


@pytest.mark.parametrize('options', [
    {'seed': 1}, {'seed': 1, 'augment': noisy}, {'seed': 1, 'augment': noisy, 'mixup': 0.5},
    {'seed': 1, 'mixup': 0.5}, {'seed': 1, 'cache_bytes': 100},
    {'seed': 1, 'corrupt': noisy, 'ambiguous': 0.5}])
def test_stream_epoch_is_reproducible_and_differs_from_the_next(options):
    first, again = (epoch(Stream(small(), scaled, batch=6, **options), 3) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)
    following = epoch(Stream(small(), scaled, batch=6, **options), 4)
    assert not np.array_equal(first[0][0], following[0][0])


def test_stream_epoch_has_every_sample_once():
    data = small()
    stream = Stream(data, scaled, batch=6, seed=0)
    tensors, targets, _ = (np.concatenate(part) for part in zip(*epoch(stream, 0), strict=True))
    assert stream.steps == 4
    order = [int(np.flatnonzero([(scaled(data.read(index)) == one).all()
                                 for index in range(20)])[0]) for one in tensors]
    assert sorted(order) == list(range(20))
    assert targets.argmax(1).tolist() == [index % 2 for index in order]


def test_stream_class_weights_are_sample_weights():
    stream = Stream(small(), scaled, batch=20, class_weights=np.array([0.5, 2.0]))
    _, targets, weights = epoch(stream, 0)[0]
    np.testing.assert_allclose(weights, np.where(targets[:, 0] == 1, 0.5, 2.0))


def test_stream_ambiguous_samples_have_a_uniform_target():
    stream = Stream(small(400), scaled, batch=400, seed=0, ambiguous=0.3,
                    corrupt=lambda image, rng: np.full_like(image, 7))
    parts = [epoch(stream, number)[0] for number in range(2)]
    for tensors, targets, _ in parts:
        corrupted = np.isclose(tensors, 7 / 255).all(axis=(1, 2, 3))
        assert corrupted.mean() == pytest.approx(0.3, abs=0.06)
        assert (targets[corrupted] == 0.5).all()
        assert (targets[~corrupted].max(axis=1) == 1).all()
    assert not np.array_equal(*(part[1] for part in parts))


def test_sample_cache_reads_data_above_its_limit_again():
    reads = []

    def read(index):
        reads.append(index)
        return np.zeros(100, np.uint8)
    kept = SampleCache(read, 250)
    for _ in range(2):
        for index in range(4):
            kept(index)
    # two fit, the other two are read each time
    assert reads == [0, 1, 2, 3, 2, 3]


def test_stream_keeps_the_error_of_a_sample():
    data = small()

    def prepare(sample):
        if (sample == data.read(11)).all():
            raise DatasetError('sample 11 is broken')
        return scaled(sample)
    stream = Stream(data, prepare, batch=6, augment=lambda image, rng: image)
    with pytest.raises(Exception, match='sample 11 is broken'):
        epoch(stream, 0)
    assert 'sample 11' in str(stream.error)


LIMITED = """
import resource
import sys

from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.datasets.memory import _fields
from digiphys_ros.learning.datasets.stream import Stream, tensor_of
from digiphys_ros.perception.preprocess import Preprocessor
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
import tensorflow as tf

uri, room = sys.argv[1], int(sys.argv[2])
prepare = Preprocessor(PreprocessSpec(width=16, height=16, color='rgb'))
for _ in tf.data.Dataset.range(9).map(lambda index: index).prefetch(2):
    pass  # its threads are there before the limit is
used = _fields('/proc/self/status')['VmData']
resource.setrlimit(resource.RLIMIT_DATA, (used + room, resource.RLIM_INFINITY))
data = open_dataset(uri)
for augment in (None, lambda image, rng: image):
    stream = Stream(data, lambda pixels: tensor_of(prepare, pixels), batch=8, seed=0,
                    augment=augment)
    for epoch in range(2):
        print(sum(len(tensors) for tensors, *_ in stream.epoch(epoch)))
"""


@pytest.mark.parametrize('kind', ['files', 'arrays'])
def test_stream_of_data_larger_than_the_memory(tmp_path, kind):
    count, side, room = 180, 800, 160 << 20
    pixels = np.zeros((side, side, 3), np.uint8)
    if kind == 'files':
        cv2.imwrite(str(tmp_path / 'one.jpg'), pixels)
        for index in range(count):
            (tmp_path / 'd' / str(index % 2)).mkdir(parents=True, exist_ok=True)
            os.link(tmp_path / 'one.jpg', tmp_path / 'd' / str(index % 2) / f'{index}.jpg')
    else:
        np.savez(tmp_path / 'd.npz', x=np.broadcast_to(pixels, (count, *pixels.shape)),
                 y=np.arange(count) % 2)
    assert count * pixels.nbytes > 2 * room
    uri = tmp_path / ('d' if kind == 'files' else 'd.npz')
    done = subprocess.run(
        [sys.executable, '-c', LIMITED, uri, str(room)], capture_output=True, text=True,
        cwd=Path(__file__).parents[3], env={**os.environ, 'TF_CPP_MIN_LOG_LEVEL': '3'})
    assert done.stdout.split() == ['180'] * 4, done.stderr[-2000:]
