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

"""Turn images into published classifications, on a separate thread."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from digiphys_ros.perception.classify import Classifier
from digiphys_ros.perception.frame import Frame
from digiphys_ros.pipeline.camera import CameraState
from digiphys_ros.pipeline.model import ModelSlot
from digiphys_ros.pipeline.perception import Perception
from digiphys_ros.pipeline.settings import ClassifierSettings
from digiphys_ros.ros.camera_stream import CameraStream
from digiphys_ros.ros.condition_log import without_numbers
from digiphys_ros.ros.lifecycle import PipelineNode
from digiphys_ros.ros.messages.images import classification_message, stamp_s
from digiphys_ros.ros.worker import NewestWorker
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification


class Camera(NamedTuple):
    """One camera: its state and its topics."""

    state: CameraState
    topics: CameraStream


class InferenceLoop:
    """
    Classify the newest image of each camera.

    :ivar perception: cameras, counts and figures.
    :ivar listeners: called with each classification, before it is published.
    """

    def __init__(self, node: PipelineNode[ClassifierSettings], models: ModelSlot) -> None:
        self.perception = Perception()
        self.listeners: list[Callable[[Classification], None]] = []
        self._node, self._models = node, models
        self._worker: NewestWorker[tuple[Camera, Any]] | None = None

    @property
    def dropped(self) -> int:
        """Return how many images a newer one replaced before they were checked."""
        return self._worker.dropped if self._worker else 0

    def start(self, cameras: Sequence[Camera], wait_s: float) -> None:
        """
        Listen to the cameras.

        :param wait_s: longest time that a frame waits for those of the other cameras.
        """
        self._worker = NewestWorker(self._handle, 'inference', sources=len(cameras),
                                    wait_s=wait_s)
        for camera in cameras:
            camera.topics.listen(partial(self._on_image, camera))

    def stop(self, cameras: Sequence[Camera]) -> None:
        """Unsubscribe, and end the thread."""
        for camera in cameras:
            camera.topics.stop_listening()
        if self._worker is not None:
            self._worker.stop()

    def _on_image(self, camera: Camera, message: Image | CompressedImage) -> None:
        self.perception.arrive(
            camera.state, stamp_s(message.header), self._node.now_s(), len(message.data))
        if self._worker is not None:
            self._worker.submit((camera, message), camera.state.name)

    def _handle(self, batch: list[tuple[Camera, Image | CompressedImage]]) -> None:
        # one classifier for the whole batch: a swap happens between two frames
        classifier = self._models.classifier
        if classifier is None:
            return
        taken = [(camera, frame, message.header) for camera, message in batch
                 if (frame := self._frame(camera, message, classifier.least_size)) is not None]
        if not taken:
            return
        try:
            self._classify(classifier, taken)
        except Exception as error:  # the next frame must be checked after any error
            for camera, *_ in taken:
                camera.state.fail(error)
                self._note_status(camera.state)

    def _frame(self, camera: Camera, message: Image | CompressedImage,
               least_size: tuple[int, int] | None) -> Frame | None:
        (state, topics), frame = camera, None
        if self._node.settings.stop_on_duplicate_publishers and topics.duplicate_sources:
            state.refuse('duplicate', topics.duplicate_sources)
        else:
            frame = state.decode(lambda: topics.decode(message, least_size))
        self._note_status(state)
        return frame

    def _classify(self, classifier: Classifier, taken: list[tuple[Camera, Frame, Header]]) -> None:
        results = self.perception.classify(classifier, [frame for _, frame, _ in taken])
        for (camera, frame, header), result in zip(taken, results, strict=True):
            message = classification_message(result.scores, header)
            # first who makes a command of it
            for listener in self.listeners:
                listener(message)
            camera.topics.publish(message)
            self.perception.answer(camera.state, result, self._node.now_s() - stamp_s(header))
            camera.topics.show(frame, result, classifier.box(frame), header)

    def _note_status(self, camera: CameraState) -> None:
        name, status = f'{camera.name}: ' if camera.name else '', camera.status
        self._node.note(f'{name}frames: {status}', about=f'frames {camera.name}',
                        warn=status != 'fresh',
                        state=status if status == 'fresh' else without_numbers(status))
