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

"""Settings of the node camera."""

from dataclasses import dataclass

from digiphys_ros.perception.sources.options import CaptureOptions
from digiphys_ros.settings import group, NodeSettings, setting

UNTIMED_HZ = 30.0
"""Rate of frames that have no time."""


@dataclass(frozen=True)
class CameraSettings(NodeSettings):
    """Parameters of the node camera."""

    source: str = setting(
        'course', 'What to play: course (the drawn sign course), a folder of images, an image, a '
        'video file, a ROS 2 bag (its folder, .mcap or .db3; with several image topics '
        'BAG#/camera/image_raw), a .npz or .zip data set, a device such as /dev/video0, a stream '
        'such as rtsp://HOST/PATH or http://HOST/PATH, or a GStreamer pipeline.')
    rate_hz: float = setting(
        UNTIMED_HZ,
        f'Frames a second; 0 plays at the recorded time, or {UNTIMED_HZ:g} where there is none.',
        0.0, 240.0)
    loop: bool = setting(True, 'Start again at the end.')
    capture: CaptureOptions = group(CaptureOptions)
    seed: int = setting(0, 'Seed of the drawn sign course.', 0, 2**31 - 1)
    frame_id: str = setting('camera_optical_frame', 'frame_id in the header of every image.')
    image_transport: str = setting(
        'raw', 'Publish Image or CompressedImage (JPEG).', choices=('raw', 'compressed'))
    reliability: str = setting(
        'best_effort', 'Reliability offered on the image topic.',
        choices=('best_effort', 'reliable'))
