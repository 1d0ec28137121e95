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

import cv2
from digiphys_ros.perception.sources import open_source
import numpy as np
import pytest


def flat(value):
    return np.full((12, 16, 3), value, np.uint8)


def test_video_is_played_with_its_times(tmp_path):
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 20.0, (16, 12))
    for value in (10, 100, 200):
        writer.write(flat(value))
    writer.release()
    frames = list(open_source(str(path)))
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.05, 0.1])
    assert [abs(int(frame.pixels.mean()) - value) < 6
            for frame, value in zip(frames, (10, 100, 200), strict=True)] == [True] * 3
