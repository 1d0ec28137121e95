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

"""Checks that measure whether a camera still sees a scene. No ROS and no model."""

from digiphys_ros.perception.camera_checks.limits import fix_of, Limits, REASONS
from digiphys_ros.perception.camera_checks.measures import measure, Measures
from digiphys_ros.perception.camera_checks.repeats import RepeatDetector
from digiphys_ros.perception.camera_checks.sample import sample_blocks, thumbnail

__all__ = ['fix_of', 'Limits', 'measure', 'Measures', 'REASONS', 'RepeatDetector', 'sample_blocks',
           'thumbnail']
