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

"""The topics of one camera of a classifier: images in, classifications out."""

from collections.abc import Callable
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.perception.classify import Classification as Result
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.preprocess import Box
from digiphys_ros.ros import qos
from digiphys_ros.ros.diagnostics import SILENT
from digiphys_ros.ros.image_topics import explain_silence
from digiphys_ros.ros.messages.images import (
    frame_from,
    IMAGE_TOPICS,
    label_info_message,
    vision_info_message,
)
from digiphys_ros.ros.viewer_topics import ViewerTopics
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification, LabelInfo, VisionInfo


class CameraStream:
    """
    Publishers and subscription of one camera.

    :param camera: prefix of the topics' names; empty for a single camera.
    :param compressed: whether images are CompressedImage.
    :param markers: whether to publish ``image_markers``.
    """

    def __init__(self, node: LifecycleNode, camera: str, *, compressed: bool, markers: bool
                 ) -> None:
        self._node, self._compressed = node, compressed
        self._prefix = f'{camera}/' if camera else ''
        self._image_type, topic = IMAGE_TOPICS['compressed' if compressed else 'raw']
        self._name = self._prefix + topic
        self._heard = False
        self._subscription: qos.AdaptiveSubscription | None = None
        self._publishers: list[Any] = []
        self._results = self._add(Classification, 'classification', qos.RELIABLE)
        self._vision_info = self._add(VisionInfo, 'vision_info', qos.LATCHED)
        self._label_info = self._add(LabelInfo, 'label_info', qos.LATCHED)
        self._viewers = ViewerTopics(self._add, markers=markers)
        if self._viewers.missing:
            node.get_logger().warning(self._viewers.missing)

    @property
    def topic(self) -> str:
        """Return the full name of the topic of images; needs a subscription."""
        assert self._subscription is not None
        return self._subscription.topic

    @property
    def senders(self) -> tuple[str, ...]:
        """Return the names of the nodes that send images."""
        return () if self._subscription is None else self._subscription.sources

    @property
    def duplicate_sources(self) -> str:
        """Return a sentence that names all publishers of images if there are several."""
        return '' if self._subscription is None else self._subscription.duplicate_sources

    def explain_silence(self) -> tuple[str, str]:
        """Return why no images arrive, and the fix."""
        sentence, fix = explain_silence(self._node, self.topic, self._name,
                                        compressed=self._compressed, heard=self._heard)
        return f'{SILENT} on {self.topic}: {sentence}', fix

    def listen(self, on_image: Callable[[Any], None]) -> None:
        """Call back for each image."""
        def take(message: Any) -> None:
            self._heard = True
            on_image(message)
        self._heard = False
        self._subscription = qos.AdaptiveSubscription(
            self._node, self._image_type, self._name, take)

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
        """Publish the model in use and its classes."""
        self._vision_info.publish(vision_info_message(
            f'{bundle.manifest.name}@{bundle.hash}', bundle.labels, header,
            use=bundle.manifest.use, abstain_below=bundle.manifest.abstain_below))
        self._label_info.publish(label_info_message(
            bundle.labels, bundle.manifest.abstain_below, header))

    def decode(self, message: Image | CompressedImage, least_size: tuple[int, int] | None
               ) -> Frame:
        """
        Return the frame of a message.

        :param least_size: sufficient size of a decoded JPEG, unless somebody watches the topics.
        :raises FrameError: when the message contains no valid image.
        """
        # asking for viewers takes as long as decoding a raw image
        if not self._compressed or self._viewers.is_watched():
            least_size = None
        return frame_from(message, least_size)

    def publish(self, message: Classification) -> None:
        """Publish a result."""
        self._results.publish(message)

    def show(self, frame: Frame, result: Result, box: Box, header: Header) -> None:
        """Publish the result for viewers."""
        self._viewers.show(frame, result, box, header)

    def _add(self, message_type: type, topic: str, profile: Any) -> Any:
        publisher: Any = self._node.create_lifecycle_publisher(
            message_type, self._prefix + topic, profile)
        self._publishers.append(publisher)
        return publisher
