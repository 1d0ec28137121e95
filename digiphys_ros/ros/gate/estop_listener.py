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

"""The e-stop topic: every publisher heard by itself, whatever quality of service it offers."""

import ctypes
from functools import cache
from typing import Any

from digiphys_ros.control import EstopInput
from digiphys_ros.ros import qos
from rclpy.node import Node
from std_msgs.msg import Bool

TYPE = 'std_msgs/msg/Bool'
LISTENER = '_estop'
"""What the name of the node that listens adds to the gate's."""

DEPTH = 1000
"""Of all publishers together: no press may be pushed out by the messages of others."""
MOST_A_POLL = 200
GID_BYTES = 16
INFO_BYTES, SEQUENCE_AT, GID_AT = 256, 16, 40
"""Where rmw_message_info_t holds a message's number and its publisher's gid, Humble to Kilted."""


class EstopListener:
    """
    Subscriptions to one e-stop topic that no executor spins.

    ``poll`` takes what has arrived, on the thread that calls it: an executor that is flooded with
    commands, or blocked, delays no e-stop. There is one subscription for each quality of service
    that is offered, as one that suits all publishers would miss what one of them has latched.

    :param node: whose namespace and remappings count.
    :param estop: what the messages go to.
    """

    def __init__(self, node: Node, estop: EstopInput) -> None:
        self._graph = node
        self._estop = estop
        self.topic = str(node.resolve_topic_name('estop'))
        self._node = Node(
            f'{node.get_name()}{LISTENER}', namespace=node.get_namespace(), context=node.context,
            use_global_arguments=False, enable_rosout=False, start_parameter_services=False)
        anyone = qos.suited_to((), DEPTH)
        self._subscriptions = [(anyone, self._subscribe(anyone))]
        self.wrong_types = ''

    def poll(self, steady_s: float) -> bool:
        """Take what has arrived; return whether a press is among it."""
        pressed = False
        for _, subscription in list(self._subscriptions):
            for _ in range(MOST_A_POLL):
                message = take_message(subscription)
                if message is None:
                    break
                publisher, sequence, data = message
                pressed |= self._estop.hear(publisher, data, steady_s, sequence)
        return pressed

    def adapt(self) -> list[tuple[bytes, str]]:
        """Subscribe to what is offered now; return who publishes, with the nodes' names."""
        found = self._graph.get_publishers_info_by_topic(self.topic)
        publishers = [one for one in found if one.topic_type == TYPE]
        self.wrong_types = '; '.join(
            f'{qos.endpoint_name(one)} sends {one.topic_type} on {self.topic}, {TYPE} is needed'
            for one in found if one.topic_type != TYPE)
        for one in publishers:
            wanted = qos.suited_to([one], DEPTH)
            if wanted not in [profile for profile, _ in self._subscriptions]:
                self._subscriptions.append((wanted, self._subscribe(wanted)))
        return [(bytes(one.endpoint_gid[:GID_BYTES]), qos.endpoint_name(one))
                for one in publishers]

    def destroy(self) -> None:
        """Stop listening."""
        self._subscriptions = []
        self._node.destroy_node()

    def _subscribe(self, profile: Any) -> Any:
        return qos.subscription(self._node, Bool, self.topic, lambda _: None, profile)


def take_message(subscription: Any) -> tuple[bytes, int | None, bool] | None:
    """
    Return publisher, number and content of the next message, None where there is none.

    By a call of rcl: rclpy of Humble and Jazzy does not say who published a message.
    """
    taken = take(subscription, 8)
    if taken is None:
        return None
    message, info = taken
    sequence = int.from_bytes(info[SEQUENCE_AT:SEQUENCE_AT + 8], 'little')
    # all bits are set where the middleware does not number messages
    return (info[GID_AT:GID_AT + GID_BYTES],
            sequence if 0 < sequence < 1 << 63 else None, message[0] != 0)


def take(subscription: Any, size: int) -> tuple[bytes, bytes] | None:
    """Return the next message as C has it, of at most ``size`` bytes, and its rmw_message_info."""
    message, info = ctypes.create_string_buffer(size), ctypes.create_string_buffer(INFO_BYTES)
    with subscription.handle:
        if _rcl().rcl_take(subscription.handle.pointer, message, info, None):
            return None
    return message.raw, info.raw


@cache
def _rcl() -> ctypes.CDLL:
    library = ctypes.CDLL('librcl.so')
    library.rcl_take.argtypes = [ctypes.c_void_p] * 4
    return library
