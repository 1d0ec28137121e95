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

"""Lower bound of the end-to-end latency: model, transport and copy, each measured alone."""

import time

from digiphys_ros.bench.bundles import Model, tensor_for
from digiphys_ros.bench.running import result_of, script, Source, wait_until_sent
from digiphys_ros.metrics import percentile
import numpy as np


def image_latencies_ms(source: Source, seconds: float, *words: str) -> list[float]:
    """Return the latencies from publishing an image to an empty callback in another process."""
    receiver = script('receiver.py', source.encoding, *words)
    wait_until_sent(source.start(seconds), seconds + 60)
    latencies_ms: list[float] = result_of(receiver)['ms']
    return latencies_ms


def small_message_latencies_ms(seconds: float, tuned: str) -> list[float]:
    """Return the same latencies for a message of the size of a classification."""
    receiver = script('receiver.py', 'small', *([tuned] if tuned else []))
    result_of(script('small_sender.py', str(seconds)), seconds + 60)
    latencies_ms: list[float] = result_of(receiver)['ms']
    return latencies_ms


def model_ms(model: Model, pause_s: float = 0.0) -> float:
    """
    Return the median time of the engine alone, on one tensor.

    :param pause_s: pause between frames; as with a camera, the processor sleeps and its caches
        cool down.
    """
    engine = model.engine()
    tensor = tensor_for(engine)
    times_ms: list[float] = []
    started_s = time.perf_counter()
    while len(times_ms) < 500 and (len(times_ms) < 20 or time.perf_counter() < started_s + 2):
        if pause_s:
            time.sleep(pause_s)
        before_s = time.perf_counter()
        engine.infer(tensor)
        times_ms.append((time.perf_counter() - before_s) * 1e3)
    return percentile(times_ms, 50)


def copy_ms(source: Source) -> float:
    """Return the median time to copy one frame, which every transport needs."""
    frame = np.zeros((source.height, source.width, 3), np.uint8)
    times_ms: list[float] = []
    for _ in range(200):
        before_s = time.perf_counter()
        frame.copy()
        times_ms.append((time.perf_counter() - before_s) * 1e3)
    return percentile(times_ms, 50)
