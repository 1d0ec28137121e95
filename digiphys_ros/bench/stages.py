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

"""Time of each stage of the classifier, in one process, without transport."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from statistics import median
import time
from typing import Any

import cv2
from digiphys_ros.applications.traffic_signs.drawn_course import Course
from digiphys_ros.bench.bundles import LARGE, make_bundles, SIGNS
from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bundles import load_bundle
from digiphys_ros.perception import Classifier
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.pipeline.camera import CameraState
from digiphys_ros.ros.messages.images import (
    classification_message,
    frame_from,
    image_message,
    jpeg_message,
)
from std_msgs.msg import Header
from tqdm import tqdm

SIZES = ((640, 480), (1920, 1080))
FRAMES, PASSES = 6, 40
STAGES = ('decode', 'liveness', 'preprocess', 'model', 'scores', 'message')


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return the median time of each stage; it has no limit."""
    bundles = make_bundles(options.work, options.engine, (SIGNS, LARGE))
    sizes = SIZES[:1] if options.short else SIZES
    cases = [(size, encoding, name)
             for size in sizes for encoding in ('raw', 'jpeg') for name in bundles]
    return {'cases': [
        {'case': f'{size[0]}x{size[1]} {encoding}, {name}',
         'stages_ms': stages_ms(size, encoding, Classifier(
             load_bundle(bundles[name].folder), bundles[name].engine()))}
        for size, encoding, name in tqdm(cases, desc='stages', unit='case', disable=None)],
        'limits': []}


def stages_ms(size: tuple[int, int], encoding: str, classifier: Classifier) -> dict[str, float]:
    """Return milliseconds by stage, for frames that all differ."""
    camera = CameraState(Limits())
    found: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        before_s = time.perf_counter()
        yield
        found[stage].append((time.perf_counter() - before_s) * 1e3)
    for message in _messages(size, encoding) * PASSES:
        with timed('decode'):
            frame = frame_from(message, classifier.least_size)
        with timed('liveness'):
            camera.check(frame)
        with timed('preprocess'):
            tensor = classifier.preprocess([frame])
        with timed('model'):
            logits = classifier.engine.infer(tensor)
        with timed('scores'):
            [result] = classifier.results(logits)
        with timed('message'):
            classification_message(result.scores, message.header)
    return {stage: median(times_ms) for stage, times_ms in found.items()}


def _messages(size: tuple[int, int], encoding: str) -> list[Any]:
    make = jpeg_message if encoding == 'jpeg' else image_message
    return [make(cv2.resize(frame.pixels, size), 'rgb8', Header())
            for frame in islice(Course().frames(), 60, 60 + FRAMES)]


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| classifier, milliseconds (one run) | ' + ' | '.join(STAGES) + ' | sum |',
            '|---' * (2 + len(STAGES)) + '|', *[
                f'| {one["case"]} | '
                + ' | '.join(f'{one["stages_ms"][stage]:.3f}' for stage in STAGES)
                + f' | {sum(one["stages_ms"].values()):.3f} |' for one in cases]]
