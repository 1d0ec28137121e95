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


from dataclasses import asdict
from itertools import islice
import json

from digiphys_ros.applications.traffic_signs.drawn_course import Course
from digiphys_ros.bench.blind_cameras import KINDS
from digiphys_ros.bench.camera_checks import blind, Drive, play, table
import numpy as np


def test_table_of_good_and_blind_cameras_shows_verdicts():
    frames = [np.ascontiguousarray(one.pixels[::4, ::4])
              for one in islice(Course().frames(), 100, 180)]
    good = play([Drive('short', [*frames, frames[-1]])], 'as it is')
    report = json.loads(json.dumps({
        'good': [asdict(good)], 'blind': [
            blind(frames, 'short', 'hand'), blind(frames, 'short', 'grease', 0)], 'check_ms': {}}))
    assert (good.frames, good.not_fresh, good.false_stops) == (81, {'repeated': 1}, 0)
    lines = '\n'.join(table(report))
    assert '| hand | 1 of 1 | 4 | blurred |' in lines
    assert '0 false stops in 81 frames' in lines
    assert [one['judged'] for one in report['blind']] == [True, False]
    assert len(KINDS) >= 60
