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

"""Several cameras and one network: check each frame, classify, count, measure."""

from collections.abc import Iterable, Sequence
import time
from typing import Any

from digiphys_ros.metrics import Rate, Window
from digiphys_ros.perception.classify import Classification, Classifier
from digiphys_ros.perception.frame import Frame
from digiphys_ros.pipeline.camera import CameraState, COUNTED


class Perception:
    """
    Classify the frames of several cameras, and keep figures.

    Example::

        perception = Perception([CameraState(Limits())])
        [camera] = perception.cameras
        frame = camera.check(frame)
        if frame is not None:
            [result] = perception.classify(classifier, [frame])
            perception.answer(camera, result, age_s=0.02)

    :ivar cameras: may be replaced, for example when a node is configured again.
    """

    def __init__(self, cameras: Sequence[CameraState] = ()) -> None:
        self.cameras = cameras
        self._received, self._classified = Rate(), Rate()
        self._windows = {'inference_ms': Window(), 'capture_to_classification_ms': Window()}

    def arrive(self, camera: CameraState, stamp_s: float, now_s: float, image_bytes: int) -> None:
        """Record an image that has arrived; see ``CameraState.arrive``."""
        self._received.tick()
        camera.arrive(stamp_s, now_s, image_bytes)

    def classify(self, classifier: Classifier, frames: Sequence[Frame]) -> list[Classification]:
        """Return the classifications of frames that form one batch."""
        started_s = time.perf_counter()
        results = classifier.batch(frames)
        self._windows['inference_ms'].add((time.perf_counter() - started_s) * 1e3)
        return results

    def answer(self, camera: CameraState, result: Classification, age_s: float) -> None:
        """
        Count a classification that was published.

        :param age_s: time since the capture.
        """
        camera.answer(abstained=result.abstained)
        self._windows['capture_to_classification_ms'].add(age_s * 1e3)
        self._classified.tick()

    def figures(self, classifier: Classifier | None, dropped: int = 0) -> dict[str, Any]:
        """
        Return rates, counts, latencies and the model, for diagnostics.

        :param dropped: frames that a newer one replaced before they were checked.
        """
        now_s = time.monotonic()
        figures: dict[str, Any] = {
            'received': self._received.count,
            'received_hz': f'{self._received.per_second(now_s):.2f}',
            'classified': self._classified.count,
            'classified_hz': f'{self._classified.per_second(now_s):.2f}',
            'dropped': dropped,
            **{name: sum(camera.counts[name] for camera in self.cameras) for name in COUNTED}}
        for camera in self.cameras:
            figures |= self._camera_figures(camera)
        for name, window in self._windows.items():
            figures |= window.summary(name)
        if classifier is not None:
            figures |= {'model': classifier.bundle.manifest.name,
                        'model_hash': classifier.bundle.hash,
                        'engine': classifier.engine.name, 'device': classifier.engine.device}
        return figures

    def _camera_figures(self, camera: CameraState) -> dict[str, Any]:
        figures = camera.figures()
        if len(self.cameras) <= 1:
            return figures
        # with several cameras, each figure is prefixed with the camera's name
        figures['classified'] = camera.counts['classified']
        return {f'{camera.name}.{name}': value for name, value in figures.items()}


def join_problems(problems: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Join the sentences of several cameras, and their fixes; twice '' for none."""
    found = [one for one in problems if one[0]]
    return '; '.join(sentence for sentence, _ in found), '; '.join(fix for _, fix in found)
