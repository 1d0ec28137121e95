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
"""Faults of a course of signs."""

from collections.abc import Mapping
from typing import Literal

from digiphys_ros.renamed import renamed_keys
from digiphys_ros.simulation.scenarios.faults import Fault, Fraction


class SignFault(Fault):
    """Dirt on a fraction of each sign, or leaves in front of it."""

    kind: Literal['sign_dirty', 'sign_hidden']
    fraction: Fraction
    _old_keys = renamed_keys(share='fraction')

    @property
    def disturbance(self) -> Mapping[str, float]:
        """Return its effect on the signs."""
        return {'sign_dirt' if self.kind == 'sign_dirty' else 'sign_hidden': self.fraction}
