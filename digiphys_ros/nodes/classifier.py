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

"""The classifier node: images in, classifications out, under the image's own header."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.pipeline.camera import camera_names, CameraState
from digiphys_ros.pipeline.model import load_model, Model, ModelSlot
from digiphys_ros.pipeline.perception import join_problems
from digiphys_ros.pipeline.settings import ClassifierSettings
from digiphys_ros.ros.camera_stream import CameraStream
from digiphys_ros.ros.inference_loop import Camera, InferenceLoop
from digiphys_ros.ros.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.ros.process import run_node
from std_msgs.msg import Header
from vision_msgs.msg import Classification


class ClassifierNode(PipelineNode[ClassifierSettings]):
    """
    Classify the newest frame of ``image`` (or ``image/compressed``).

    It publishes ``classification``, the latched ``vision_info`` and ``label_info``. While they
    have subscribers, it also publishes ``debug_image``, ``debug_image/compressed`` and
    ``image_markers``. With several cameras, all these names begin with the camera's name, and
    their simultaneous frames form one batch.
    """

    SETTINGS = ClassifierSettings

    def __init__(self, **options: Any) -> None:
        super().__init__('classifier', **options)
        self._models = ModelSlot(self._load)
        self._loop = InferenceLoop(self, self._models)
        self._cameras: Sequence[Camera] = ()

    @property
    def listeners(self) -> list[Callable[[Classification], None]]:
        """Return the callbacks for each classification, called on the inference thread."""
        return self._loop.listeners

    def configure(self) -> None:
        """Load the bundle, check its golden frames, warm up."""
        settings = self.settings
        self._models.swap(settings.bundle, roi=settings.region, top_k=settings.top_k)
        names = camera_names(settings.cameras)
        if self.listeners and len(names) > 1:
            raise ConfigError('parameter `cameras`: one policy cannot follow several cameras, '
                              f'received {settings.cameras!r}: start classifier and policy as '
                              'separate processes, with a policy in the namespace of each camera.')
        self._cameras = [Camera(
            CameraState(settings.limits, settings.bit_depth, name),
            CameraStream(self, name, compressed=settings.image_transport == 'compressed',
                         markers=settings.image_markers)) for name in names]
        self._loop.perception.cameras = [camera.state for camera in self._cameras]

    def activate(self) -> None:
        """Subscribe and classify."""
        self._loop.start(self._cameras, self.settings.batch_wait_ms * 1e-3)
        self._announce()

    def deactivate(self) -> None:
        """Unsubscribe; without classifications the gate's lease runs out."""
        self._loop.stop(self._cameras)

    def cleanup(self) -> None:
        """Free the model."""
        for camera in self._cameras:
            camera.topics.destroy()
        self._cameras = self._loop.perception.cameras = ()
        self._models.clear()

    def prepare(self, settings: ClassifierSettings, changed: Collection[str]) -> None:
        """Load another bundle while the current one is in use."""
        if 'bundle' in changed:
            self._models.prepare(settings.bundle)

    def apply(self, settings: ClassifierSettings, changed: Collection[str]) -> None:
        """Swap the model, or change the checks of frames, between two frames."""
        swaps = 'bundle' in changed
        self._models.swap(settings.bundle if swaps else None, roi=settings.region,
                          top_k=settings.top_k)
        if swaps and self.phase == 'active':
            self._announce()
        for camera in self._cameras:
            camera.state.adjust(settings.limits, settings.bit_depth)

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return rates, latencies, drops and the problem of the frames."""
        active = self.phase == 'active'
        sentence, fix = join_problems(map(self._problem, self._cameras)) if active else ('', '')
        figures = self._loop.perception.figures(self._models.classifier, self._loop.dropped)
        if sentence:
            return WARN, sentence, {**figures, 'fix': fix}
        return OK, 'fresh' if active else self.phase, figures

    def _problem(self, camera: Camera) -> tuple[str, str]:
        topics = camera.topics
        return camera.state.problem(
            topics.topic, self.get_fully_qualified_name(), topics.explain_silence,
            duplicates=topics.duplicate_sources, drivers=topics.senders, behind_s=self.behind_s)

    def _load(self, bundle: str) -> Model:
        settings = self.settings
        model = load_model(
            self.resolve(bundle), settings.engine, threads=settings.threads, xla=settings.xla,
            mixed_precision=settings.mixed_precision, batch=len(camera_names(settings.cameras)))
        self.get_logger().info(str(model))
        return model

    def _announce(self) -> None:
        assert self._models.classifier is not None
        header = Header(stamp=self.get_clock().now().to_msg())
        for camera in self._cameras:
            camera.topics.announce(self._models.classifier.bundle, header)


def main() -> None:
    """Run the classifier node."""
    run_node(ClassifierNode)
