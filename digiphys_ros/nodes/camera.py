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

"""The camera node: plays a recording, a device or the drawn sign course as a camera."""

from collections.abc import Iterator
import threading
import time
from typing import Any

from digiphys_ros.errors import DigiphysError
from digiphys_ros.nodes import qos
from digiphys_ros.nodes.conversions import classification_message, image_message, jpeg_message
from digiphys_ros.nodes.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.nodes.parameters import Parameter
from digiphys_ros.nodes.process import run_node
from digiphys_ros.perception.sources import open_source, SourceFrame
from digiphys_ros.statistics import Rate
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification

UNTIMED_HZ = 30.0


class CameraNode(PipelineNode):
    """Publish ``image`` (or ``image/compressed``) and, where labels are known, ``label``."""

    PARAMETERS = (
        Parameter('source', 'course',
                  'What to play: course (the drawn sign course), a folder of images, a video '
                  'file, a device such as /dev/video0, or a .npz or .zip data set.'),
        Parameter('rate_hz', 30.0, 'Frames a second; 0 plays at the recorded time, or 30 where '
                  'there is none.', 0.0, 240.0),
        Parameter('loop', True, 'Start again at the end.'),
        Parameter('seed', 0, 'Seed of the drawn sign course.', 0, 2**31 - 1),
        Parameter('frame_id', 'camera_optical_frame', 'frame_id in the header of every image.'),
        Parameter('image_transport', 'raw', 'Publish Image or CompressedImage (JPEG).',
                  choices=('raw', 'compressed')),
        Parameter('reliability', 'best_effort', 'Reliability offered on the image topic.',
                  choices=('best_effort', 'reliable')),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('camera', **options)
        self._frames: Iterator[SourceFrame] | None = None
        self._player: threading.Thread | None = None
        self._stopped = threading.Event()
        self._sent = Rate()
        self._late = 0
        self._ended = False

    def configure(self) -> None:
        """Open the source, so that a missing file is told now."""
        self._frames = self._open()
        compressed = self.settings.image_transport == 'compressed'
        profile = qos.BEST_EFFORT if self.settings.reliability == 'best_effort' else qos.RELIABLE
        self._make_message = jpeg_message if compressed else image_message
        self._images = self.create_lifecycle_publisher(
            CompressedImage if compressed else Image,
            'image/compressed' if compressed else 'image', profile)
        self._labels = self.create_lifecycle_publisher(Classification, 'label', qos.RELIABLE)

    def activate(self) -> None:
        """Start to play, or go on where deactivate stopped."""
        self._stopped.clear()
        self._player = threading.Thread(target=self._play, name='player', daemon=True)
        self._player.start()

    def deactivate(self) -> None:
        """Stop to play."""
        self._stopped.set()
        if self._player is not None:
            self._player.join(1.0)

    def cleanup(self) -> None:
        """Close the source."""
        for publisher in ('_images', '_labels'):
            if hasattr(self, publisher):
                self.destroy_lifecycle_publisher(getattr(self, publisher))
                delattr(self, publisher)
        self._frames = None
        self._ended = False

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return rates and whether the source has ended."""
        condition = 'ended' if self._ended else self.phase
        return (WARN if self._ended else OK), condition, {
            'source': self.settings.source if hasattr(self.settings, 'source') else '',
            'frames_sent': self._sent.count,
            'rate_hz': f'{self._sent.per_second(time.monotonic()):.2f}',
            'late': self._late,
            'unreadable': len(getattr(self._frames, 'unreadable', ())),
            'listeners': self._images.get_subscription_count() if hasattr(self, '_images') else 0,
        }

    def _open(self) -> Iterator[SourceFrame]:
        settings = self.settings
        if settings.source == 'course':
            from digiphys_ros.simulation.course import Course
            course = Course(seed=settings.seed, rate_hz=settings.rate_hz or 30.0)
            return (SourceFrame(frame.pixels, 'rgb8', frame.label, frame.time_s)
                    for frame in course.frames(loop=settings.loop))
        return iter(open_source(self.beside(settings.source), loop=settings.loop))

    def _play(self) -> None:
        try:
            self._play_frames()
        except DigiphysError as error:
            self._ended = True
            self.note(str(error), warn=True)
        self.publish_diagnostics()

    def _play_frames(self) -> None:
        assert self._frames is not None
        started_s, first_s = time.monotonic(), None
        for played, frame in enumerate(self._frames):
            if frame.time_s is not None and first_s is None:
                first_s = frame.time_s
            wait_s = started_s + self._offset_s(frame, first_s, played) - time.monotonic()
            if wait_s < 0:
                # like a sensor: a late frame delays the next ones, it does not make them a burst
                started_s -= wait_s
                self._late += 1
            if self._stopped.wait(max(wait_s, 0.0)):
                return
            self._publish(frame)
        self._ended = True
        self.note(f'{self.settings.source}: ended after {self._sent.count} frames')

    def _offset_s(self, frame: SourceFrame, first_s: float | None, played: int) -> float:
        """Return when to show a frame, in seconds after the start; a live device sets its own."""
        if self.settings.rate_hz > 0:
            return float(played / self.settings.rate_hz)
        if frame.time_s is None or first_s is None:
            return float(played / UNTIMED_HZ)
        return frame.time_s - first_s

    def _publish(self, frame: SourceFrame) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self.settings.frame_id)
        self._images.publish(self._make_message(frame.pixels, frame.encoding, header))
        self._sent.tick()
        if frame.label is not None:
            self._labels.publish(classification_message([(frame.label, 1.0)], header))


def main() -> None:
    """Run the camera node."""
    run_node(CameraNode)


if __name__ == '__main__':
    main()
