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

"""Subscribe to every publisher of the e-stop topic, with any quality of service."""

import ctypes
from functools import cache
from typing import Any

from digiphys_ros.control import EstopInput
from digiphys_ros.ros import qos
from rclpy.node import Node
from std_msgs.msg import Bool

TYPE = 'std_msgs/msg/Bool'
LISTENER = '_estop'
"""Suffix of the gate's name in the name of the listening node."""

DEPTH = 1000
"""Queue depth for all publishers: messages of others must not displace a press."""
MOST_A_POLL = 200
GID_BYTES = 16
INFO_BYTES, SEQUENCE_AT, GID_AT = 256, 16, 40
"""Offsets of sequence number and publisher gid in rmw_message_info_t, Humble to Kilted."""


class EstopListener:
    """
    Subscriptions to one e-stop topic that no executor spins.

    ``poll`` takes the arrived messages on the calling thread: an executor that is flooded with
    commands, or blocked, does not delay an e-stop. There is one subscription per offered quality
    of service, because one that matches all publishers would miss latched messages.

    :param node: the node whose namespace and remappings apply.
    :param estop: receives the messages.
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
        """Take the arrived messages; return whether one of them is a press."""
        pressed = False
        for _, subscription in list(self._subscriptions):
            for _ in range(MOST_A_POLL):
                message = take_message(subscription)
                if message is None:
                    break
                publisher, sequence, data = message
                pressed |= self._estop.receive(publisher, data, steady_s, sequence)
        return pressed

    def adapt(self) -> list[tuple[bytes, str]]:
        """Subscribe to the current publishers; return them with their nodes' names."""
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
    Return publisher, number and content of the next message, None if there is none.

    It calls rcl, because rclpy of Humble and Jazzy does not name the publisher of a message.
    """
    taken = take(subscription, 8)
    if taken is None:
        return None
    message, info = taken
    sequence = int.from_bytes(info[SEQUENCE_AT:SEQUENCE_AT + 8], 'little')
    # all bits are set if the middleware does not number messages
    return (info[GID_AT:GID_AT + GID_BYTES],
            sequence if 0 < sequence < 1 << 63 else None, message[0] != 0)


def take(subscription: Any, size: int) -> tuple[bytes, bytes] | None:
    """Return the next message and its rmw_message_info in C layout, at most ``size`` bytes."""
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
