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

"""Engines alone: time of a batch on this processor, and on a GPU if there is one."""

from collections.abc import Iterator
from functools import partial
from statistics import median
import time
from typing import Any

from digiphys_ros.bench.bundles import GPU_OPTIONS, LARGE, make_bundles, SIGNS, tensor_for
from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bundles import Bundle, load_bundle
from digiphys_ros.perception.engines import Engine, tensorflow_sees_gpu
from digiphys_ros.perception.host_memory import is_page_locked
from digiphys_ros.pipeline.model import load_model
from tqdm import tqdm

BATCHES, SHORT_BATCHES = (1, 2, 4, 8, 16, 32), (1, 8)
LEAST_RUNS, LEAST_S = 5, 0.5


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return the time of a batch for each engine, model and size; it has no limit."""
    batches = SHORT_BATCHES if options.short else BATCHES
    gpu = tensorflow_sees_gpu()
    bundles = make_bundles(options.work, 'all', (SIGNS, LARGE))
    ways = [(name, *way) for name, model in bundles.items()
            for way in engines(load_bundle(model.folder), gpu, options.engine)]
    cases = [case(name, title, make(), batches, options.rounds)
             for name, title, make in tqdm(
                 ways, desc='engines alone', unit='engine', disable=None)]
    return {'cases': cases, 'limits': []}


def engines(bundle: Bundle, gpu: bool, only: str) -> Iterator[tuple[str, Any]]:
    """Yield the engines that run here: a title, and a function that creates the engine."""
    variants: list[tuple[str, dict[str, bool]]] = [
        ('litert', {}), ('onnx', {}), ('tensorflow', {}), ('tensorflow', {'xla': True})]
    if gpu:
        variants.append(('tensorflow', GPU_OPTIONS))
    for engine, options in variants:
        if only in ('auto', engine):
            yield ' '.join([engine, *options]), partial(_make, bundle, engine, options)


def _make(bundle: Bundle, engine: str, options: dict[str, bool]) -> Engine:
    return load_model(bundle, engine, **options).engine


def case(name: str, title: str, engine: Engine, batches: tuple[int, ...], rounds: int
         ) -> dict[str, Any]:
    """Return the median time of a batch of each size [ms]; rounds are interleaved."""
    tensors = {size: tensor_for(engine, size) for size in batches}
    for tensor in tensors.values():
        engine.infer(tensor)
    found = [{size: _batch_ms(engine, tensor) for size, tensor in tensors.items()}
             for _ in range(rounds)]
    times_ms = {size: median(one[size] for one in found) for size in batches}
    return {'case': name, 'engine': title, 'device': engine.device,
            'page_locked': is_page_locked(tensors[batches[0]]),
            'batch_ms': {str(size): value for size, value in times_ms.items()},
            'best_images_per_second': max(1e3 * size / value for size, value in times_ms.items())}


def _batch_ms(engine: Engine, tensor: Any) -> float:
    times_ms: list[float] = []
    end_s = time.perf_counter() + LEAST_S
    while len(times_ms) < LEAST_RUNS or time.perf_counter() < end_s:
        before_s = time.perf_counter()
        engine.infer(tensor)
        times_ms.append((time.perf_counter() - before_s) * 1e3)
    return median(times_ms)


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown: milliseconds an image, by batch size."""
    sizes = list(cases[0]['batch_ms'])
    return ['| model | engine | device | ' + ' | '.join(f'batch {size}' for size in sizes) + ' |',
            '|---' * (3 + len(sizes)) + '|', *[
                f'| {one["case"]} | {one["engine"]} | {one["device"]} | '
                + ' | '.join(f'{value / int(size):.3f} ms'
                             for size, value in one['batch_ms'].items()) + ' |' for one in cases]]
