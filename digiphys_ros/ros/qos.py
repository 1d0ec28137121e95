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

"""Quality of service: profiles of the nodes, and subscriptions that match the publishers."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from digiphys_ros.ros.timer import Timer
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""For states that a late subscriber must get: the label table, an e-stop."""

RELIABLE = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
"""For small messages that must all arrive: classifications, commands."""

EVERY_ONE = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
"""For messages to and from people: none may be lost in a burst."""

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""For images: the newest frame wins. As a subscription it matches every publisher."""

UNKNOWN = '_NODE_NAME_UNKNOWN_'
"""Reported name of a node whose endpoints are discovered but which is not itself."""


def suited_to(publishers: Sequence[TopicEndpointInfo], depth: int) -> QoSProfile:
    """
    Return the strictest subscription profile that still matches every publisher.

    A reliable or latched subscription silently gets nothing from a publisher that offers less.
    """
    offered = [publisher.qos_profile for publisher in publishers]
    reliable = bool(offered) and all(
        profile.reliability == ReliabilityPolicy.RELIABLE for profile in offered)
    latched = reliable and all(
        profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for profile in offered)
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)


def endpoint_name(endpoint: TopicEndpointInfo) -> str:
    """Return the full name of an endpoint's node, such as ``/robot/policy``."""
    if endpoint.node_name == UNKNOWN:
        return '(a node whose name did not arrive)'
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}'


def subscription(node: Node, message_type: type, topic: str, callback: Callable[[Any], None],
                 profile: QoSProfile) -> Any:
    """Return a subscription without rclpy's own handlers of QoS events."""
    # they can outlive the subscription they belong to and end the process (ros2/rclpy issues
    # 1206 and 1644)
    return node.create_subscription(
        message_type, topic, callback, profile,
        event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False))


class AdaptiveSubscription:
    """
    A subscription that is replaced when the publishers on its topic need another QoS.

    The old one stays until the new one has its first message, which comes once: there is no gap.
    Older messages that still wait then are dropped. After ``destroy`` nothing is called back, even
    if messages still wait in the executor.

    :param latched: whether the topic holds a state, like ``vision_info``. The QoS is then
        ``LATCHED``, and the subscription is replaced when the publishers change: each of them
        sends its state again.
    """

    def __init__(self, node: Node, message_type: type, topic: str,
                 callback: Callable[[Any], None], *, depth: int = 1, latched: bool = False
                 ) -> None:
        self._node = node
        self._make: Callable[[QoSProfile], Any] = lambda profile: subscription(
            node, message_type, topic, partial(self._take, self._generation), profile)
        self._callback = callback
        self._generation = 0
        self._outdated: Any = None
        self._last_outdated: Any = None
        self._depth, self._latched = depth, latched
        self._profile: QoSProfile | None = LATCHED if latched else suited_to((), depth)
        self._subscription = self._make(self._profile)
        self._sources: tuple[str, ...] = ()
        self._gids: set[tuple[int, ...]] = set()
        self._timer = Timer(node, 0.5, self.adapt)

    @property
    def topic(self) -> str:
        """Return the resolved name of the topic."""
        return str(self._subscription.topic_name)

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the names of the nodes that publish on the topic."""
        return self._sources

    @property
    def duplicate_sources(self) -> str:
        """Return a sentence that names all publishers if there are several, else ''."""
        if len(self._sources) < 2:
            return ''
        return f'{len(self._sources)} publishers on {self.topic}: {", ".join(self._sources)}'

    def publishers(self) -> int:
        """Return how many publishers are on the topic now."""
        return len(self._node.get_publishers_info_by_topic(self.topic))

    def adapt(self) -> None:
        """Adapt to the current publishers on the topic; log one line if the profile changes."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        self._sources = tuple(sorted(endpoint_name(one) for one in publishers))
        if not publishers:
            return
        if self._latched:
            gids, before = {tuple(one.endpoint_gid) for one in publishers}, self._gids
            self._gids = gids
            if gids != before:
                self._replace(LATCHED)
            return
        wanted = suited_to(publishers, self._depth)
        if wanted == self._profile:
            return
        self._node.get_logger().info(
            f'{self.topic}: subscribing {wanted.reliability.name}, {wanted.durability.name} '
            f'to suit {len(publishers)} publisher(s)')
        self._profile = wanted
        self._replace(wanted)

    def destroy(self) -> None:
        """Stop listening."""
        self._generation += 1
        self._retire()
        self._timer.destroy()
        self._node.destroy_subscription(self._subscription)

    def _take(self, generation: int, message: Any) -> None:
        if generation == self._generation:
            # the publisher may have sent its first message to both
            repeated = self._outdated is not None and message == self._last_outdated
            self._retire()
            if repeated:
                return
        elif self._outdated is None:
            return
        else:
            self._last_outdated = message
        self._callback(message)

    def _replace(self, profile: QoSProfile) -> None:
        self._retire()
        self._generation += 1
        self._outdated, self._subscription = self._subscription, self._make(profile)

    def _retire(self) -> None:
        if self._outdated is not None:
            self._node.destroy_subscription(self._outdated)
            self._outdated = self._last_outdated = None
