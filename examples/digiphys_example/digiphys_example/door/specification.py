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
"""A description of the application; it does not import the world."""

from pathlib import Path

from digiphys_ros.simulation.specification import ApplicationSpec, Parts


def _parts() -> Parts:
    from digiphys_example.door import scoring
    from digiphys_example.door.world import collect, Door, LABELS
    return Parts(Door, LABELS, collect, scoring.report, scoring.targets, scoring.EXPECTATIONS)


SPECIFICATION = ApplicationSpec(
    'door', _parts, config=str(Path(__file__).with_name('door.yaml')), background='empty',
    strip_state='opening')
