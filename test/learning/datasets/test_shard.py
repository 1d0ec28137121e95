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


from digiphys_ros.learning.datasets.dataset import in_memory
from digiphys_ros.learning.datasets.stream import Stream
import numpy as np
import pytest


def stream(count=10, batch=4, **options):
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), np.uint8)
    data = in_memory('d', ('a', 'b'), images, np.arange(count) % 2)
    return Stream(data, lambda sample: sample.astype(np.float32), batch=batch, seed=3, **options)


def batches(one, shard=(0, 1)):
    return [tuple(part.numpy() for part in batch) for batch in one.epoch(2, shard)]


def noisy(image, rng):
    return np.clip(image + rng.integers(-9, 9, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize('options', [{}, {'augment': noisy}, {'cache_bytes': 0},
                                     {'class_weights': np.array([1.0, 3.0])}])
@pytest.mark.parametrize('machines', [2, 3])
def test_shards_together_are_the_batch(options, machines):
    whole = batches(stream(**options))
    shares = [batches(stream(**options), (which, machines)) for which in range(machines)]
    for number, batch in enumerate(whole):
        for which, shard in enumerate(shares):
            counts = shard[number][2] > 0
            for part, own in zip(batch, shard[number], strict=True):
                # augmented alike too, wherever a sample is read
                np.testing.assert_array_equal(part[which::machines], own[counts])


def test_shard_of_a_small_batch_has_a_sample_of_weight_0():
    # the last batch is of one sample
    shares = [batches(stream(count=9), (which, 3)) for which in range(3)]
    assert [len(shard) for shard in shares] == [3, 3, 3]
    assert [shard[-1][2].tolist() for shard in shares] == [[1.0], [0.0], [0.0]]
    assert sum(float(batch[2].sum()) for shard in shares for batch in shard) == 9


def test_shard_mixup_is_within_the_shard():
    shares = [batches(stream(mixup=0.4), (which, 2)) for which in range(2)]
    again = batches(stream(mixup=0.4), (1, 2))
    np.testing.assert_array_equal(shares[1][0][0], again[0][0])
    assert all(len(batch[0]) in (1, 2) for shard in shares for batch in shard)
    np.testing.assert_allclose(shares[0][0][1].sum(1), 1, rtol=1e-6)
