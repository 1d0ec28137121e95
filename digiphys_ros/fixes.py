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

"""
Fixes as commands to paste into a shell.

What follows # is for the reader. Nodes report a fix in /diagnostics, and doctor prints it.
"""

from collections.abc import Iterable, Sequence
import math

MAX_TOLERANCE_S = 0.1
"""The highest ``future_tolerance_s`` of the gate."""
MAX_LEASE_S = 5.0
"""The longest ``lease_s`` of the gate."""

SYNCHRONIZE = 'sudo chronyc makestep  # on both machines: chrony or PTP has to synchronize ' \
    'their clocks'


def restamp(drivers: Sequence[str], *, why: str) -> str:
    """
    Return how to find the parameter by which a driver stamps its images.

    :param drivers: names of their nodes.
    :param why: what the driver has to do.

    Example::

        >>> restamp(['/usb_cam'], why='stamp images')
        "ros2 param dump /usb_cam | grep -iE 'stamp|time'  # let the driver stamp images"
    """
    look = [f"ros2 param dump {name} | grep -iE 'stamp|time'" for name in drivers]
    return f'{"; ".join(look) or "ros2 topic info --verbose image"}  # let the driver {why}'


def allow_future(ahead_s: float) -> str:
    """
    Return what to do about images that are stamped ahead of the clock.

    :param ahead_s: the largest offset seen [s]; not a number where it is not known.

    Example::

        >>> allow_future(0.0123).partition('  #')[0]
        'digiphys run --set gate.future_tolerance_s=0.013'
    """
    if not ahead_s <= MAX_TOLERANCE_S:
        return f'{SYNCHRONIZE}; `future_tolerance_s` of the gate allows {MAX_TOLERANCE_S:g} s'
    tolerance_s = math.ceil(round(ahead_s * 1e3, 3)) / 1e3
    return (f'digiphys run --set gate.future_tolerance_s={tolerance_s:g}  # or '
            f'`future_tolerance_s: {tolerance_s:g}` of the gate in the parameters file; better '
            'synchronize the clocks of both machines (chrony or PTP)')


def lengthen_lease(age_s: float) -> str:
    """
    Return what to do about images that are too old.

    :param age_s: their age [s]; not a number where it is not known.

    Example::

        >>> lengthen_lease(0.83).partition('  #')[0]
        'digiphys run --set gate.lease_s=0.9'
    """
    better = 'make camera and model faster'
    if not age_s < MAX_LEASE_S:
        return f'ros2 topic delay image  # {better}; `lease_s` allows {MAX_LEASE_S:g} s'
    lease_s = min(MAX_LEASE_S, math.ceil(round(age_s * 10, 3)) / 10)
    return (f'digiphys run --set gate.lease_s={lease_s:g}  # then the robot acts on images this '
            f'old; better {better}')


def keep_one(topic: str, processes: Iterable[tuple[str, int | None]] = (), camera: str = ''
             ) -> str:
    """
    Return how to end all publishers of a topic but one.

    :param processes: their names, and the number of their process where it is known.
    :param camera: name of the camera node that `digiphys run` starts.

    Example::

        >>> keep_one('/image', [('/camera', 1), ('/usb', 2)], '/camera').partition('  #')[0]
        'digiphys run --without camera'
        >>> keep_one('/cmd_vel', [('/gate', 11), ('/teleop', 12)])
        'kill 12  # ends /teleop; kill 11 ends /gate: stop all but one, or remap their topics'
    """
    found = list(processes)
    rest = 'stop all but one, or remap their topics'
    if camera in [name for name, _ in found]:
        return f'digiphys run --without camera  # launch file: camera:=false; or {rest}'
    known = [(name, number) for name, number in found if number is not None]
    if not known:
        return f'ros2 topic info --verbose {topic}  # {rest}'
    name, number = known.pop()
    others = ''.join(f'; kill {one} ends {other}' for other, one in known)
    return f'kill {number}  # ends {name}{others}: {rest}'


def find_listener(topic: str) -> str:
    """
    Return how to find the topic that a base listens to.

    Example::

        >>> find_listener('/cmd_vel').partition('  #')[0]
        'ros2 topic list --verbose'
    """
    return f'ros2 topic list --verbose  # start the base; if it listens to another topic: ' \
        f'digiphys run --remap {topic}:=TOPIC'


def reset_estop(gate: str, pressed: str) -> str:
    """
    Return how to let a gate obey again.

    :param gate: its name.
    :param pressed: what keeps the e-stop pressed; empty where it is latched alone.

    Example::

        >>> reset_estop('/gate', '')
        'ros2 service call /gate/reset std_srvs/srv/Trigger'
    """
    reset = f'ros2 service call {gate}/reset std_srvs/srv/Trigger'
    if 'vanished' in pressed:
        return f'ros2 service call {gate}/override_estop std_srvs/srv/Trigger && {reset}'
    return f'{reset}  # after the e-stop is released' if pressed else reset


def start_node(name: str) -> str:
    """
    Return how to start a node of this package.

    Example::

        >>> start_node('/robot1/gate').partition('  #')[0]
        'ros2 run digiphys_ros gate --ros-args -r __ns:=/robot1'
    """
    namespace, _, node = name.rpartition('/')
    arguments = f' --ros-args -r __ns:={namespace}' if namespace else ''
    return f'ros2 run digiphys_ros {node}{arguments}  # its output says why it does not run; ' \
        '`digiphys run` starts all nodes'
