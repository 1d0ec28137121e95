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
Fixes, as commands to paste into a shell.

Text after # is a comment. Nodes report a fix in /diagnostics, and doctor prints it.
"""

from collections.abc import Iterable, Sequence
import math
from shlex import quote

FUTURE_TOLERANCE_S = 0.001
"""
Default of ``future_tolerance_s`` of the gate: how far a stamp may be ahead of the clock.

A float of seconds is rounded to 0.2 microseconds, and the clocks of two computers under PTP or
chrony differ by less than a millisecond. An image at the current tick of a simulation clock must
not count as from the future. The tolerance does not lengthen a lease (see ``Lease.grant``).
"""
MAX_TOLERANCE_S = 0.1
"""The highest ``future_tolerance_s`` of the gate."""
MAX_LEASE_S = 5.0
"""The longest ``lease_s`` of the gate."""

SYNCHRONIZE = 'sudo chronyc makestep  # on both machines; their clocks must be synchronized by ' \
    'chrony or PTP'


def restamp(drivers: Sequence[str], *, why: str) -> str:
    """
    Return how to find the parameter that controls how a driver stamps its images.

    :param drivers: names of their nodes.
    :param why: what the driver must do, in the infinitive.

    Example::

        >>> restamp(['/usb_cam'], why='stamp images')
        "ros2 param dump /usb_cam | grep -iE 'stamp|time'  # configure the driver to stamp images"
    """
    look = [f"ros2 param dump {name} | grep -iE 'stamp|time'" for name in drivers]
    command = '; '.join(look) or 'ros2 topic info --verbose image'
    return f'{command}  # configure the driver to {why}'


def allow_future(ahead_s: float) -> str:
    """
    Return the fix for images that are stamped ahead of the clock.

    :param ahead_s: the largest offset [s]; NaN if unknown.

    Example::

        >>> allow_future(0.0123).partition('  #')[0]
        'digiphys run --set gate.future_tolerance_s=0.013'
    """
    if not ahead_s <= MAX_TOLERANCE_S:
        return f'{SYNCHRONIZE}; `future_tolerance_s` of the gate allows {MAX_TOLERANCE_S:g} s'
    tolerance_s = math.ceil(round(ahead_s * 1e3, 3)) / 1e3
    return (f'digiphys run --set gate.future_tolerance_s={tolerance_s:g}  # or '
            f'`future_tolerance_s: {tolerance_s:g}` of the gate in the parameters file; better, '
            'synchronize the clocks of both machines (chrony or PTP)')


def lengthen_lease(age_s: float) -> str:
    """
    Return the fix for images that are too old.

    :param age_s: their age [s]; NaN if unknown.

    Example::

        >>> lengthen_lease(0.83).partition('  #')[0]
        'digiphys run --set gate.lease_s=0.9'
    """
    better = 'use a faster camera or model'
    if not age_s < MAX_LEASE_S:
        return f'ros2 topic delay image  # {better}; `lease_s` allows {MAX_LEASE_S:g} s'
    lease_s = min(MAX_LEASE_S, math.ceil(round(age_s * 10, 3)) / 10)
    return (f'digiphys run --set gate.lease_s={lease_s:g}  # the robot then acts on images this '
            f'old; better, {better}')


def keep_one(topic: str, processes: Iterable[tuple[str, int | None]] = (), camera: str = ''
             ) -> str:
    """
    Return how to stop all publishers of a topic except one.

    :param processes: their names, and process numbers if known.
    :param camera: name of the camera node that `digiphys run` starts.

    Example::

        >>> keep_one('/image', [('/camera', 1), ('/usb', 2)], '/camera').partition('  #')[0]
        'digiphys run --without camera'
        >>> keep_one('/cmd_vel', [('/gate', 11), ('/teleop', 12)])
        'kill 12  # ends /teleop; kill 11 ends /gate: stop all except one, or remap their topics'
    """
    found = list(processes)
    rest = 'stop all except one, or remap their topics'
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
    Return how to find the topic that a base subscribes to.

    Example::

        >>> find_listener('/cmd_vel').partition('  #')[0]
        'ros2 topic list --verbose'
    """
    return f'ros2 topic list --verbose  # start the base; if it subscribes to another topic: ' \
        f'digiphys run --remap {topic}:=TOPIC'


def reset_estop(gate: str, pressed: str) -> str:
    """
    Return how to reset an e-stopped gate.

    :param gate: name of the gate.
    :param pressed: what keeps the e-stop pressed; empty if it is only latched.

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
    return f'ros2 run digiphys_ros {node}{arguments}  # its output shows why it does not run; ' \
        '`digiphys run` starts all nodes'


def show_output(name: str, *, then: str = '') -> str:
    """
    Return how to see the log of a node.

    :param then: what to do next.

    Example::

        >>> show_output('/gate')
        'ros2 topic echo /rosout  # the log of /gate'
    """
    return f'ros2 topic echo /rosout  # the log of {name}{then and f": {then}"}'


def revive(name: str, process: int | None) -> str:
    """
    Return how to restart a node that hangs.

    :param process: process number, None if unknown.

    Example::

        >>> revive('/gate', 12)
        'kill -9 12  # `digiphys run` and the launch files restart /gate; otherwise: ros2 run \
digiphys_ros gate'
    """
    if process is None:
        return f'{start_node(name)}; first stop the process that hangs'
    return f'kill -9 {process}  # `digiphys run` and the launch files restart {name}; ' \
        f'otherwise: {start_node(name).partition("  #")[0]}'


def configure_again(name: str) -> str:
    """
    Return how to configure a node again.

    Example::

        >>> configure_again('/gate').partition('  #')[0]
        'ros2 lifecycle set /gate configure && ros2 lifecycle set /gate activate'
    """
    return f'ros2 lifecycle set {name} configure && ros2 lifecycle set {name} activate  # after ' \
        'fixing the error above'


def match_qos(topic: str, publisher: str, subscriber: str, policy: str = '', offered: str = '',
              wanted: str = '') -> str:
    """
    Return how to make the QoS of a subscription and a publisher compatible.

    :param policy: QoS policy that differs, with both values; empty for deadline or liveliness.

    Example::

        >>> match_qos('/image', '/usb_cam', '/viewer', 'reliability', 'BEST_EFFORT', 'RELIABLE')
        'ros2 param dump /viewer | grep -i qos  # make /viewer request BEST_EFFORT reliability, \
with --ros-args -p qos_overrides./image.subscription.reliability:=best_effort if it has that \
parameter; or make /usb_cam offer RELIABLE'
    """
    if not policy:
        return f'ros2 topic info --verbose {topic}  # give {publisher} and {subscriber} the ' \
            'same deadline and liveliness'
    return (f'ros2 param dump {subscriber} | grep -i qos  # make {subscriber} request {offered} '
            f'{policy}, with --ros-args -p qos_overrides.{topic}.subscription.{policy}:='
            f'{offered.lower()} if it has that parameter; or make {publisher} offer {wanted}')


def match_type(topic: str, publisher: str, wanted: str) -> str:
    """
    Return how to make a publisher send the expected type.

    Example::

        >>> match_type('/estop', '/button', 'std_msgs/msg/Bool')
        'ros2 topic info --verbose /estop  # make /button send std_msgs/msg/Bool, or remap it'
    """
    return f'ros2 topic info --verbose {topic}  # make {publisher} send {wanted}, or remap it'


def change_kind(rules: str, actuator: str, sent: str, wanted: str) -> str:
    """
    Return how to change the kind of an actuator in the rules file.

    :param rules: path of the rules file; the fix changes a copy.

    Example::

        >>> change_kind('a b.yaml', 'base', 'twist_stamped', 'twist').partition('  #')[0]
        "sed '/^ *base:/,/kind:/s/kind: *twist_stamped/kind: twist/' 'a b.yaml' > my_rules.yaml \
&& digiphys run --set rules=my_rules.yaml"
    """
    change = f'/^ *{actuator}:/,/kind:/s/kind: *{sent}/kind: {wanted}/'
    return f'sed {quote(change)} {quote(rules)} > my_rules.yaml && digiphys run --set ' \
        'rules=my_rules.yaml  # launch file: rules:=my_rules.yaml'


def find_estop(topic: str, others: Sequence[str] = ()) -> str:
    """
    Return how to connect a gate to an e-stop that nobody publishes.

    :param topic: topic that the gate subscribes to.
    :param others: other topics of type std_msgs/msg/Bool.

    Example::

        >>> find_estop('/estop', ['/button']).partition('  #')[0]
        'digiphys run --remap estop:=/button'
    """
    if others:
        also = f' (also Bool: {", ".join(others[1:])})' if others[1:] else ''
        return f'digiphys run --remap estop:={others[0]}  # if that is the e-stop{also}; or ' \
            f'start the node of the button with --ros-args -r {others[0]}:={topic}'
    return f'ros2 topic list --verbose  # start the node of the button: it must publish ' \
        f'std_msgs/msg/Bool on {topic}; from another topic: digiphys run --remap estop:=TOPIC'


def trust_estop(topic: str, silence: str) -> str:
    """
    Return the fix for an e-stop that is silent or missing.

    :param silence: reason, as from ``EstopInput.silent``.

    Example::

        >>> trust_estop('/estop', 'required and silent for 1.0 s: /button').partition(' cont')[0]
        'ros2 topic hz /estop  # /button must publish its state'
    """
    if 'nobody publishes' in silence:
        return find_estop(topic)
    if 'not heard once' in silence:
        return 'digiphys run --transport local_udp  # if the button runs as another user or in ' \
            'a container; a button that publishes only when pressed must publish its state, or ' \
            'digiphys run --set gate.estop_unheard_stops=false'
    return hear_estop(topic, silence.rpartition(': ')[2])


def make_writable(folder: str) -> str:
    """
    Return how to make a folder writable for this user.

    Example::

        >>> make_writable('/root/.ros').partition('  #')[0]
        'sudo mkdir -p /root/.ros && sudo chown -R $(id -u) /root/.ros && df -h /root/.ros'
    """
    path = quote(folder)
    return f'sudo mkdir -p {path} && sudo chown -R $(id -u) {path} && df -h {path}  # free a ' \
        'full disk; or: export ROS_HOME=FOLDER on another disk'


def hear_estop(topic: str, names: str) -> str:
    """
    Return the fix for e-stop publishers that are silent.

    Example::

        >>> hear_estop('/estop', '/button').partition('  #')[0]
        'ros2 topic hz /estop'
    """
    return f'ros2 topic hz {topic}  # {names} must publish its state continuously, also while ' \
        'not pressed'
