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

"""The sim node: an application of the embedded simulator as a robot with a camera."""

from functools import partial
import time
from typing import Any

from digiphys_ros import renamed
from digiphys_ros.applications import (
    APPLICATIONS,
    DEFAULT,
    find_application,
    make_application,
)
from digiphys_ros.contracts import SimulatedEvent, SimulatedEvents
from digiphys_ros.control import Actuator, load_actuators
from digiphys_ros.errors import ConfigError, DigiphysError
from digiphys_ros.metrics import Rate
from digiphys_ros.resources import find_resource
from digiphys_ros.ros import qos
from digiphys_ros.ros.condition_log import log_line, without_numbers
from digiphys_ros.ros.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.ros.messages.actuators import actuator_type
from digiphys_ros.ros.messages.images import classification_message, image_message, set_stamp
from digiphys_ros.ros.messages.simulation import (
    actuator_values,
    camera_info_message,
    clock_message,
    odometry_message,
)
from digiphys_ros.ros.parameters.declaration import Parameter
from digiphys_ros.ros.process import run_node
from digiphys_ros.ros.timer import Timer
from digiphys_ros.simulation.application import Application
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification

STEP_S = 0.01
"""Simulated time between two looks at the commands, and between two messages on /clock."""

LATE_S = 0.1
TOLD_EVENTS = 20


class SimNode(PipelineNode):
    """
    Publish ``image``, ``camera_info``, ``label``, ``odom`` and ``/clock``; obey the actuators.

    Simulated time begins with the machine's time of day when the node is activated. At a
    ``real_time_factor`` of 1 the two stay together, so that other nodes need no /clock.
    """

    PARAMETERS = (
        Parameter('app', DEFAULT, 'Application to simulate.',
                  choices=tuple(APPLICATIONS), renamed=renamed.APPLICATIONS),
        Parameter('rules', '', 'Rules file whose actuators the world obeys: a path, or a name in '
                  'config/. Empty: none.'),
        Parameter('data', '', 'X-rays that triage shows: a folder or a data set. Empty: drawn '
                  'ones.'),
        Parameter('seed', 0, 'The same seed gives the same world.', 0, 2**31 - 1),
        Parameter('real_time_factor', 1.0, 'Simulated seconds a second, as far as the machine '
                  'can; other than 1, all other nodes need use_sim_time.', 0.01, 100.0),
        Parameter('frame_id', 'camera_optical_frame', 'frame_id in the header of every image.'),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('sim', **options)
        self._world: Application | None = None
        self._entities: list[Any] = []
        self._commands: dict[str, dict[str, float]] = {}
        self._events: tuple[SimulatedEvent, ...] = ()
        self._sent = Rate()
        self._right = self._judged = self._late = self._refused = 0

    def configure(self) -> None:
        """Build the world, so that a missing GL is told now."""
        settings = self.settings
        actuators = load_actuators(find_resource(self.beside(settings.rules), 'config')) \
            if settings.rules else {}
        if settings.data and 'data' not in find_application(settings.app).options:
            raise ConfigError(f'parameter `data`: {settings.app} shows no data, it draws its '
                              f'world: leave it empty, received {settings.data!r}.')
        options: dict[str, Any] = {'data': self.beside(settings.data)} if settings.data else {}
        self._world = make_application(settings.app, settings.seed, **options)
        self._frames, self._begun_s = 0, 0.0
        for name, actuator in actuators.items():
            self._entities.append(self.create_subscription(
                actuator_type(actuator), actuator.topic,
                partial(self._on_command, name, actuator), qos.RELIABLE))
        self._times = self.create_publisher(Clock, '/clock', qos.RELIABLE)
        self._images = self.create_publisher(Image, 'image', qos.BEST_EFFORT)
        self._infos = self.create_publisher(CameraInfo, 'camera_info', qos.BEST_EFFORT)
        self._labels = self.create_publisher(Classification, 'label', qos.RELIABLE)
        self._odometry = self.create_publisher(Odometry, 'odom', qos.RELIABLE)
        self._entities += [self._times, self._images, self._infos, self._labels, self._odometry]

    def activate(self) -> None:
        """Let time pass."""
        assert self._world is not None
        if not self._begun_s:
            self._begun_s = time.time()
        self._meet()
        self._timer = Timer(self, STEP_S, self._catch_up)

    def deactivate(self) -> None:
        """Let time stand still."""
        self._timer.destroy()

    def cleanup(self) -> None:
        """Forget the world."""
        for entity in self._entities:
            entity.destroy()
        self._entities, self._commands, self._events = [], {}, ()
        self._right = self._judged = 0
        self._world = None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return how far the simulation is and what happened in it."""
        world = self._world
        ended = world is not None and world.ended
        facts = {} if world is None else world.facts()
        return (WARN if ended else OK), 'ended' if ended else self.phase, {
            'frames_sent': self._sent.count,
            'rate_hz': f'{self._sent.per_second(time.monotonic()):.2f}',
            'late': self._late, 'refused': self._refused,
            'listeners': self._images.get_subscription_count() if self._entities else 0,
            'time_s': f'{world.time_s:.2f}' if world else '',
            'right': self._right, 'judged': self._judged,
            'events': SimulatedEvents(events=self._events).text(),
            **{f'fact.{name}': value for name, value in facts.items()}}

    def _meet(self) -> None:
        """Note that simulated and steady time belong together now."""
        assert self._world is not None
        self._met_s, self._from_s = time.monotonic(), self._world.time_s
        if self.settings.real_time_factor == 1.0:
            self._begun_s = time.time() - self._from_s

    def _on_command(self, name: str, actuator: Actuator, message: Any) -> None:
        try:
            self._commands[name] = actuator_values(actuator, message)
            self.note('', about=actuator.topic)
        except ValueError as error:
            self._refused += 1
            self.note(f'{actuator.topic}: not obeyed, {error}', about=actuator.topic, warn=True,
                      state=without_numbers(str(error)))

    def _catch_up(self) -> None:
        world = self._world
        assert world is not None
        factor = self.settings.real_time_factor
        due_s = self._from_s + (time.monotonic() - self._met_s) * factor
        if due_s - world.time_s > LATE_S * factor:
            # a simulator that is late goes on from where it is, it does not hurry
            self._late += 1
            self._meet()
            due_s = world.time_s + STEP_S
        while world.time_s + STEP_S <= due_s + 1e-9 and not world.ended:
            self._step(world)
        if world.ended:
            self._timer.destroy()
            self.note(f'{self.settings.app}: ended after {self._sent.count} frames')
            self.publish_diagnostics()

    def _step(self, world: Application) -> None:
        try:
            if world.time_s + 1e-9 >= self._frames / world.rate_hz:
                self._frames += 1
                self._show(world)
            world.advance(STEP_S, self._commands)
        except DigiphysError as error:
            world.ended = True
            self.note(str(error), warn=True)
        self._take_events(world)
        now_s = self._begun_s + world.time_s
        self._times.publish(clock_message(now_s))
        facts = world.facts()
        if 'heading_rad' in facts:
            self._odometry.publish(odometry_message(facts, now_s))

    def _show(self, world: Application) -> None:
        header = Header(frame_id=self.settings.frame_id)
        set_stamp(header, self._begun_s + world.time_s)
        picture = world.picture()
        self._images.publish(image_message(
            picture, 'mono8' if picture.ndim == 2 else 'rgb8', header))
        if world.focal_px:
            self._infos.publish(camera_info_message(picture.shape, world.focal_px, header))
        truth = world.truth()
        if truth is not None:
            self._labels.publish(classification_message([(truth, 1.0)], header))
        self._sent.tick()

    def _take_events(self, world: Application) -> None:
        for event in world.events():
            self._judged += event.right is not None
            self._right += bool(event.right)
            self._events = (*self._events, SimulatedEvent(
                time_s=round(event.time_s, 2), kind=event.kind, detail=event.detail,
                right=event.right))[-TOLD_EVENTS:]
            log_line(self.get_logger(), f'{event.time_s:.1f} s: {event.kind}: {event.detail}',
                     warn=event.right is False)


def main() -> None:
    """Run the sim node."""
    run_node(SimNode)
