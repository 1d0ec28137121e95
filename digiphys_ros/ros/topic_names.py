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


"""Names of the nodes' topics and services, except those in a rules file."""

from digiphys_ros.errors import did_you_mean

NAMES = frozenset((
    'image', 'compressed', 'label', 'camera_info', 'odom', 'classification', 'vision_info',
    'label_info', 'debug_image', 'image_markers', 'advice', 'decision', 'estop', 'reset',
    'override_estop', 'clock', 'diagnostics'))
"""The last part of each name; a camera's name may precede it."""

OF_ACTUATORS = ('desired', 'obeyed')
"""Prefixes of the name of an actuator."""


def misspelt_remap(rule: str) -> str:
    """
    Return why a remap rule has no effect, which ROS does not report, else an empty text.

    The topic of an actuator may have any name: a name that resembles none of ours is accepted.

    Example::

        >>> misspelt_remap('classifier:image_raw:=/camera/image_raw')
        'no node has a topic `image_raw` (did you mean image?)'
        >>> misspelt_remap('image:=/camera/image_raw'), misspelt_remap('cmd_vel:=/base/cmd_vel')
        ('', '')
    """
    source = rule.partition(':=')[0].rpartition(':')[2]
    *above, name = source.split('/')
    nearest = did_you_mean(name, sorted(NAMES))
    if name in NAMES or not nearest or (above and above[-1] in OF_ACTUATORS):
        return ''
    return f'no node has a topic `{source}`{nearest}'
