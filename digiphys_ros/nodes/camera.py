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

"""The camera node: plays a recording, a live camera or the drawn sign course as a camera."""

from typing import Any

from digiphys_ros.perception.sources import open_reader, Source, SourceFrame, split_topic
from digiphys_ros.perception.sources.live import LiveCamera
from digiphys_ros.perception.sources.options import without_password
from digiphys_ros.perception.sources.player import Player
from digiphys_ros.perception.sources.settings import CameraSettings, UNTIMED_HZ
from digiphys_ros.ros import qos
from digiphys_ros.ros.lifecycle import ERROR, OK, PipelineNode, WARN
from digiphys_ros.ros.messages.images import (
    classification_message,
    image_message,
    IMAGE_TOPICS,
    jpeg_message,
)
from digiphys_ros.ros.process import run_node
from std_msgs.msg import Header
from vision_msgs.msg import Classification


class CameraNode(PipelineNode[CameraSettings]):
    """Publish ``image`` (or ``image/compressed``) and, if labels are known, ``label``."""

    SETTINGS = CameraSettings

    def __init__(self, **options: Any) -> None:
        super().__init__('camera', **options)
        self._player: Player | None = None
        self._images: Any = None
        self._labels: Any = None

    def configure(self) -> None:
        """Open a recording, so that a missing file is reported now; a camera may appear later."""
        settings = self.settings
        self._player = Player(settings, publish=self._publish, note=self.note,
                              changed=self.publish_diagnostics, **self._open())
        profile = qos.BEST_EFFORT if settings.reliability == 'best_effort' else qos.RELIABLE
        self._make_message = jpeg_message if settings.image_transport == 'compressed' \
            else image_message
        self._images = self.create_lifecycle_publisher(
            *IMAGE_TOPICS[settings.image_transport], profile)
        self._labels = self.create_lifecycle_publisher(Classification, 'label', qos.RELIABLE)

    def activate(self) -> None:
        """Start to play, or continue where deactivate stopped."""
        assert self._player is not None
        self._player.start()

    def deactivate(self) -> None:
        """Stop playing."""
        assert self._player is not None
        self._player.stop()

    def cleanup(self) -> None:
        """Close the source."""
        for publisher in filter(None, (self._images, self._labels)):
            self.destroy_lifecycle_publisher(publisher)
        self._images = self._labels = self._player = None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return rates, the state of a camera, and whether a recording has ended."""
        source, player = without_password(self.settings.source), self._player
        if player is None:
            return OK, self.phase, {'source': source, 'frames_sent': 0, 'listeners': 0}
        condition = player.problem or ('ended' if player.ended else self.phase)
        warning = player.warning
        level = ERROR if player.problem else WARN if player.ended or warning else OK
        return level, '; '.join(filter(None, (condition, warning))), {
            'source': source, **player.figures(),
            'listeners': self._images.get_subscription_count() if self._images else 0,
            **({'fix': 'ls -l /dev/v4l/by-id  # plug the camera in, or: digiphys run --set '
                       'camera.source=SOURCE'} if player.problem else {})}

    def _open(self) -> dict[str, Any]:
        """Return the source, as keyword arguments of ``Player``."""
        settings = self.settings
        if settings.source == 'course':
            from digiphys_ros.applications.traffic_signs.drawn_course import Course
            course = Course(seed=settings.seed, rate_hz=settings.rate_hz or UNTIMED_HZ)
            return {'frames': (SourceFrame(frame.pixels, 'rgb8', frame.label, frame.time_s)
                               for frame in course.frames(loop=settings.loop))}
        path, topic = split_topic(settings.source)
        source = self.resolve(path) + (f'#{topic}' if topic else '')
        reader: Any = open_reader(source, settings.capture)
        if reader.live:
            camera = LiveCamera(reader, settings.capture.timeout_s)
            return {'camera': camera, 'reader': reader}
        return {'frames': Source(source, reader, settings.loop), 'reader': reader}

    def _publish(self, frame: SourceFrame) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self.settings.frame_id)
        self._images.publish(self._make_message(frame.pixels, frame.encoding, header))
        if frame.label is not None:
            self._labels.publish(classification_message([(frame.label, 1.0)], header))


def main() -> None:
    """Run the camera node."""
    run_node(CameraNode)
