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
"""Labeled images of random junctions."""

from collections.abc import Iterator

from digiphys_ros.applications.traffic_lights.application import Intersection
from digiphys_ros.applications.traffic_lights.demand import APPROACHES, ROADS
from digiphys_ros.control.signals import GREEN, RED
from digiphys_ros.simulation.application import LabeledImage, Needed
from digiphys_ros.simulation.collect import collect_current
import numpy as np

EXTRA_S = 10
"""Additional time to wait for a needed label: balanced roads are rare."""


def collect(rng: np.random.Generator, needed: Needed) -> Iterator[LabeledImage]:
    """Take images of the empty junction, then with random greens."""
    junction = Intersection(int(rng.integers(2**31)), varied=True)
    for greens in range(15):
        road = list(ROADS.values())[int(rng.integers(2))]
        longest_s = 3.0 if greens < 3 else 40.0
        # then a time without green
        for served, most_s in ((road, longest_s), ((), longest_s / 5)):
            heads = {side: GREEN if side in served else RED for side in APPROACHES}
            junction.advance(float(rng.uniform(0.1, most_s)), {'junction': heads})
            for _ in range(EXTRA_S):
                if needed(junction.ground_truth()):
                    break
                junction.advance(1.0, {})
            yield from collect_current(junction, needed)
