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

from collections.abc import Iterator
import threading
import time
from typing import Any

from digiphys_ros.errors import DigiphysError
from digiphys_ros.metrics import Rate
from digiphys_ros.perception.camera_checks.repeats import MEMORY_FRAMES as FROZEN_FRAMES
from digiphys_ros.perception.sources import open_reader, Source, SourceFrame, split_topic
from digiphys_ros.perception.sources.live import LiveCamera
from digiphys_ros.perception.sources.options import CaptureOptions, without_password
from digiphys_ros.ros import qos
from digiphys_ros.ros.lifecycle import ERROR, OK, PipelineNode, WARN
from digiphys_ros.ros.messages.images import classification_message, image_message, jpeg_message
from digiphys_ros.ros.parameters.declaration import Parameter
from digiphys_ros.ros.process import run_node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification

UNTIMED_HZ = 30.0
UNREADABLE_NAMED = 5
"""How many parts of a recording that cannot be read the log names; /diagnostics counts all."""
PATIENCE_S = 0.2
"""Longest wait for an image until the node looks about again."""


class CameraNode(PipelineNode):
    """Publish ``image`` (or ``image/compressed``) and, where labels are known, ``label``."""

    PARAMETERS = (
        Parameter('source', 'course',
                  'What to play: course (the drawn sign course), a folder of images, an image, a '
                  'video file, a ROS 2 bag (its folder, .mcap or .db3; with several image topics '
                  'BAG#/camera/image_raw), a .npz or .zip data set, a device such as /dev/video0, '
                  'a stream such as rtsp://HOST/PATH or http://HOST/PATH, or a GStreamer '
                  'pipeline.'),
        Parameter('rate_hz', 30.0, 'Frames a second; 0 plays at the recorded time, or 30 where '
                  'there is none.', 0.0, 240.0),
        Parameter('loop', True, 'Start again at the end.'),
        Parameter('width', 0, 'Image width that a device is asked for; 0: its own.', 0, 16384),
        Parameter('height', 0, 'Image height that a device is asked for; 0: its own.', 0, 16384),
        Parameter('fps', 0.0, 'Frames a second that a device is asked for; 0: its own.',
                  0.0, 1000.0),
        Parameter('fourcc', '', 'Pixel format that a device is asked for, such as MJPG or YUYV. '
                  'Empty: its own.'),
        Parameter('timeout_s', 3.0, 'Longest time without an image until a device or a stream '
                  'is opened again [s].', 0.5, 60.0),
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
        self._camera: LiveCamera | None = None
        self._reader: Any = None
        self._player: threading.Thread | None = None
        self._stopped = threading.Event()
        self._sent = Rate()
        self._late = 0
        self._ended = False
        self._problem = ''

    def configure(self) -> None:
        """Open a recording, so that a missing file is told now; a camera may come later."""
        self._open()
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
        if self._camera is not None:
            self._camera.start()
        self._player = threading.Thread(target=self._play, name='player', daemon=True)
        self._player.start()

    def deactivate(self) -> None:
        """Stop to play."""
        self._stopped.set()
        if self._player is not None:
            self._player.join(1.0)
        if self._camera is not None:
            self._camera.stop()

    def cleanup(self) -> None:
        """Close the source."""
        for publisher in ('_images', '_labels'):
            if hasattr(self, publisher):
                self.destroy_lifecycle_publisher(getattr(self, publisher))
                delattr(self, publisher)
        self._frames = self._camera = self._reader = None
        self._ended, self._problem = False, ''

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return rates, how a camera does, and whether a recording has ended."""
        condition = self._problem or ('ended' if self._ended else self.phase)
        warning = self._still() or getattr(self._reader, 'refused', '')
        level = ERROR if self._problem else WARN if self._ended or warning else OK
        return level, '; '.join(filter(None, (condition, warning))), {
            'source': without_password(getattr(self.settings, 'source', '')),
            **(self._camera.status() if self._camera is not None else {}),
            'frames_sent': self._sent.count,
            'rate_hz': f'{self._sent.per_second(time.monotonic()):.2f}',
            'late': self._late,
            'unreadable': len(self._unreadable),
            'listeners': self._images.get_subscription_count() if hasattr(self, '_images') else 0,
            **({'fix': 'ls -l /dev/v4l/by-id  # plug the camera in, or: digiphys run --set '
                       'camera.source=SOURCE'} if self._problem else {}),
        }

    def _open(self) -> None:
        settings = self.settings
        if settings.source == 'course':
            from digiphys_ros.applications.traffic_signs.drawn_course import Course
            course = Course(seed=settings.seed, rate_hz=settings.rate_hz or 30.0)
            self._frames = (SourceFrame(frame.pixels, 'rgb8', frame.label, frame.time_s)
                            for frame in course.frames(loop=settings.loop))
            return
        path, topic = split_topic(settings.source)
        source = self.beside(path) + (f'#{topic}' if topic else '')
        self._reader = open_reader(source, CaptureOptions(
            settings.width, settings.height, settings.fps, settings.fourcc, settings.timeout_s))
        if self._reader.live:
            self._camera = LiveCamera(self._reader, settings.timeout_s)
        else:
            self._frames = Source(source, self._reader, settings.loop)

    def _play(self) -> None:
        try:
            if self._camera is None:
                self._play_frames()
            else:
                self._play_camera(self._camera)
        except Exception as error:  # whatever a decoder raises, the node goes on and says so
            self._ended = True
            self._problem = str(error) if isinstance(error, DigiphysError) \
                else f'{type(error).__name__}: {error}'
            self.note(self._problem, warn=True)
        if not self._stopped.is_set():
            self.publish_diagnostics()

    def _play_camera(self, camera: LiveCamera) -> None:
        """Publish what a live camera shows, ``rate_hz`` at most."""
        period_s = 1.0 / self.settings.rate_hz if self.settings.rate_hz > 0 else 0.0
        due_s = 0.0
        while not self._stopped.is_set():
            frame = camera.newest(PATIENCE_S)
            self._note_camera(camera.problem)
            now_s = time.monotonic()
            # half a period: the camera's own rate varies, and none of its images is to be lost
            if frame is None or now_s < due_s - period_s / 2:
                continue
            due_s = max(due_s + period_s, now_s)
            self._publish(frame)

    def _note_camera(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self.note(f'no images: {problem} The camera is tried again.' if problem
                      else 'images come again', about='camera', warn=bool(problem))
            self.publish_diagnostics()
        if self._reader.refused:
            self.note(self._reader.refused, about='format', warn=True)

    def _still(self) -> str:
        """Return what to set where so few images are repeated that they look like a frozen one."""
        length = getattr(self._frames, 'length', 0)
        if not 0 < length <= FROZEN_FRAMES or not self.settings.loop:
            return ''
        return (f'{self.settings.source} repeats {length} image{"s" * (length > 1)}, which the '
                'classifier takes for a frozen camera: set its parameter skip_repeated to false, '
                'as by `digiphys run --set classifier.skip_repeated=false`')

    @property
    def _unreadable(self) -> list[str]:
        return getattr(self._frames, 'unreadable', [])

    def _note_unreadable(self) -> None:
        """Name what a recording holds and cannot be read, the first few of many."""
        names = self._unreadable[:UNREADABLE_NAMED]
        if names:
            self.note(f'{self.settings.source}: passed over, for it cannot be read: '
                      f'{"; ".join(names)}', about='unreadable', warn=True)

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
            if warning := self._still():
                self.note(warning, about='still', warn=True)
            self._note_unreadable()
        self._note_unreadable()
        self._ended = True
        self.note(f'{self.settings.source}: ended after {self._sent.count} frames')

    def _offset_s(self, frame: SourceFrame, first_s: float | None, played: int) -> float:
        """Return when to show a frame, in seconds after the start."""
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
