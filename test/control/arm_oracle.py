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

"""An arm that follows position messages, from a start position that its gate does not know."""

from collections.abc import Mapping

from digiphys_ros.control import Limits
from violation import Violation


class Arm:
    """
    Joints, each moving straight to the last commanded position.

    :param place: start position, as a fraction of their range.
    """

    def __init__(self, fields: Mapping[str, Limits], place: float) -> None:
        self.fields = fields
        self.at = {name: one.min + place * (one.max - one.min) for name, one in fields.items()}
        self.goal: dict[str, float] = {}
        self.left_s = 0.0

    def move(self, elapsed_s: float) -> None:
        """Advance the time."""
        if not self.goal or self.left_s <= 0.0:
            return
        part = min(1.0, elapsed_s / self.left_s)
        self.left_s -= elapsed_s
        for name, place in self.at.items():
            self.at[name] = place + part * (self.goal[name] - place)

    def hear(self, values: dict[str, float], reach_s: float) -> None:
        """Take new positions, and judge the speed that the joints need."""
        self.goal, self.left_s = values, reach_s
        for name, one in self.fields.items():
            speed = abs(values[name] - self.at[name]) / reach_s
            if speed > max(one.max_rate_per_s or 0.0, one.stop_rate_per_s or 0.0) + 1e-6:
                raise Violation(f'{name} moves at {speed} a second from {self.at[name]}')
