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

"""One camera of a classifier: its images in, its classifications out."""

from collections import Counter
from collections.abc import Callable, Sequence
import re
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.errors import ConfigError
from digiphys_ros.fixes import keep_one
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.camera_checks import fix_of, REASONS
from digiphys_ros.perception.classify import Classification as Result
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import LivenessMonitor
from digiphys_ros.perception.preprocess import Box
from digiphys_ros.perception.stamps import explain_stamp, StampMonitor
from digiphys_ros.ros import qos
from digiphys_ros.ros.diagnostics import SILENT
from digiphys_ros.ros.image_topics import explain_silence
from digiphys_ros.ros.lifecycle import PipelineNode
from digiphys_ros.ros.messages.images import (
    frame_from,
    label_info_message,
    stamp_s,
    vision_info_message,
)
from digiphys_ros.ros.viewer_topics import ViewerTopics
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification, LabelInfo, VisionInfo


class CameraStream:
    """
    The topics of one camera.

    :param camera: what their names begin with; empty where there is one camera.
    :param liveness: finds a blind or frozen camera.
    :param depth: of its 16-bit pixels.
    """

    def __init__(self, node: PipelineNode, camera: str, liveness: LivenessMonitor,
                 depth: BitDepth) -> None:
        self.camera, self.liveness, self.depth = camera, liveness, depth
        self.counts: Counter[str] = Counter()
        self.health = ''
        self._stamps = StampMonitor()
        self._age_s: float | None = None
        self._image_bytes = 0
        self._node = node
        self._prefix = f'{camera}/' if camera else ''
        self._subscription: qos.AdaptiveSubscription | None = None
        self._publishers: list[Any] = []
        self._results = self._add(Classification, 'classification', qos.RELIABLE)
        self._vision_info = self._add(VisionInfo, 'vision_info', qos.LATCHED)
        self._label_info = self._add(LabelInfo, 'label_info', qos.LATCHED)
        self._viewers = ViewerTopics(self._add, markers=node.settings.image_markers)
        if self._viewers.missing:
            node.get_logger().warning(self._viewers.missing)

    @property
    def duplicate_sources(self) -> str:
        """Return a sentence that names all publishers of images when there are several."""
        return '' if self._subscription is None else self._subscription.duplicate_sources

    def problem(self) -> tuple[str, str]:
        """Return what is wrong with the images since the last call, and the fix, else twice ''."""
        assert self._subscription is not None
        arrived = self._stamps.take()
        self._age_s = None if arrived is None else arrived[1]
        duplicates = self.duplicate_sources
        if arrived is None and not duplicates:
            sentence, fix = explain_silence(
                self._node, self._subscription.topic, self._name, compressed=self._compressed,
                heard=self._heard)
            return f'{SILENT} on {self._subscription.topic}: {sentence}', fix
        if duplicates or arrived is None:
            # their images alternate: what the last one was explains nothing by itself
            blind = '' if self.health in ('', 'fresh', duplicates) else f'; {self.health}'
            return duplicates + blind, keep_one(self._subscription.topic)
        if self.health not in ('', 'fresh'):
            return self.health, fix_of(
                self.health, self._subscription.topic, self._node.get_fully_qualified_name())
        return explain_stamp(*arrived, self._subscription.sources, self._node.behind_s)

    def figures(self, *, several: bool) -> dict[str, Any]:
        """
        Return age and size of the last images when they arrived, and what the checks measured.

        :param several: there are other cameras: each figure bears the camera's name.
        """
        figures: dict[str, Any] = {
            f'camera_{name}': f'{value:.3g}' for name, value in self.liveness.figures.items()}
        if self.depth.bits:
            figures['camera_bit_depth'] = self.depth.bits
        if self._age_s is not None:
            figures['image_age_s'] = f'{self._age_s:.4f}'
            figures['image_bytes'] = self._image_bytes
        if not several:
            return figures
        figures['classified'] = self.counts['classified']
        return {f'{self.camera}.{name}': value for name, value in figures.items()}

    def listen(self, on_image: Callable[['CameraStream', Any], None], *, compressed: bool) -> None:
        """Call back for each image."""
        def take(message: Any) -> None:
            self._heard, self._image_bytes = True, len(message.data)
            self._stamps.add(stamp_s(message.header), self._node.now_s())
            on_image(self, message)
        self._compressed, self._heard = compressed, False
        self._name = f'{self._prefix}image/compressed' if compressed else f'{self._prefix}image'
        self._subscription = qos.AdaptiveSubscription(
            self._node, CompressedImage if compressed else Image, self._name, take)

    def stop_listening(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._subscription.destroy()
            self._subscription = None

    def destroy(self) -> None:
        """Free the publishers."""
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = []

    def announce(self, bundle: Bundle, header: Header) -> None:
        """Publish which model is at work and what its classes are."""
        self._vision_info.publish(vision_info_message(
            f'{bundle.manifest.name}@{bundle.hash}', bundle.labels, header,
            use=bundle.manifest.use, abstain_below=bundle.manifest.abstain_below))
        self._label_info.publish(label_info_message(
            bundle.labels, bundle.manifest.abstain_below, header))

    def fresh_frame(self, message: Image | CompressedImage,
                    least_size: tuple[int, int] | None) -> Frame | None:
        """
        Return the frame behind a message, None when the camera is blind or frozen.

        :param least_size: of a JPEG, where nobody looks at it.
        :raises FrameError: when the message holds no image.
        """
        # whether somebody looks takes as long to ask as to decode a raw image
        if not self._compressed or self._viewers.is_watched():
            least_size = None
        frame = self.depth.steady(frame_from(message, least_size))
        verdict = self.liveness.check(frame)
        self.health = REASONS.get(verdict, verdict)
        if verdict == 'fresh':
            return frame
        self.counts[verdict] += 1
        return None

    def answer(self, message: Classification, *, abstained: bool) -> None:
        """Publish a result."""
        self._results.publish(message)
        self.counts['classified'] += 1
        self.counts['abstained'] += abstained

    def show(self, frame: Frame, result: Result, box: Box, header: Header) -> None:
        """Show the result to those who look."""
        self._viewers.show(frame, result, box, header)

    def _add(self, message_type: type, topic: str, profile: Any) -> Any:
        publisher: Any = self._node.create_lifecycle_publisher(
            message_type, self._prefix + topic, profile)
        self._publishers.append(publisher)
        return publisher


def camera_names(names: str) -> list[str]:
    """Return the cameras that the parameter names, one without a name where it is empty."""
    cameras = [name.strip() for name in names.split(',')]
    for name in cameras:
        if names and not re.fullmatch(r'[A-Za-z][A-Za-z0-9_]*', name):
            raise ConfigError(f'parameter `cameras`: names of letters, digits and _ are needed, '
                              f'separated by commas, received {names!r}.')
    if len(set(cameras)) < len(cameras):
        raise ConfigError(f'parameter `cameras`: names a camera twice: {names!r}.')
    return cameras


def total(streams: Sequence[CameraStream], name: str) -> int:
    """Return one count over all cameras."""
    return sum(stream.counts[name] for stream in streams)
