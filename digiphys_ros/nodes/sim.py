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

from digiphys_ros.applications import find_application, make_application
from digiphys_ros.applications.settings import SimSettings
from digiphys_ros.contracts import SimulatedEvents
from digiphys_ros.control import load_actuators
from digiphys_ros.errors import ConfigError
from digiphys_ros.metrics import Rate
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.condition_log import log_line
from digiphys_ros.ros.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.ros.process import run_node
from digiphys_ros.ros.sim_topics import SimTopics
from digiphys_ros.ros.timer import Timer
from digiphys_ros.simulation.application import Event
from digiphys_ros.simulation.pace import PacedWorld, STEP_S


class SimNode(PipelineNode[SimSettings]):
    """
    Publish ``image``, ``camera_info``, ``label``, ``odom`` and ``/clock``; obey the actuators.

    Simulated time begins with the machine's time of day when the node is activated. At a
    ``real_time_factor`` of 1 the two stay together, so that other nodes need no /clock.
    """

    SETTINGS = SimSettings

    def __init__(self, **options: Any) -> None:
        super().__init__('sim', **options)
        self._paced: PacedWorld | None = None
        self._topics: SimTopics | None = None
        self._sent = Rate()
        self._begun_s = 0.0

    def configure(self) -> None:
        """Build the world, so that missing OpenGL is reported now."""
        settings = self.settings
        actuators = load_actuators(find_resource(self.resolve(settings.rules), 'config')) \
            if settings.rules else {}
        if settings.data and 'data' not in find_application(settings.app).options:
            raise ConfigError(f'parameter `data`: {settings.app} renders its world and shows '
                              f'no data: leave it empty, received {settings.data!r}.')
        options: dict[str, Any] = {'data': self.resolve(settings.data)} if settings.data else {}
        world = make_application(settings.app, settings.seed, **options)
        self._begun_s = 0.0
        self._topics = SimTopics(self, settings.frame_id, actuators)
        self._paced = PacedWorld(
            world, settings.real_time_factor, self._topics.commands, on_image=self._show,
            on_step=self._publish_state, on_event=self._log_event,
            on_error=partial(self.note, warn=True), on_synchronize=self._meet)

    def activate(self) -> None:
        """Run the simulation."""
        if not self._begun_s:
            self._begun_s = time.time()
        assert self._paced is not None
        self._paced.synchronize(time.monotonic())
        self._timer = Timer(self, STEP_S, self._catch_up)

    def deactivate(self) -> None:
        """Pause the simulation."""
        self._timer.destroy()

    def cleanup(self) -> None:
        """Drop the world."""
        if self._topics is not None:
            self._topics.destroy()
        self._paced = self._topics = None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the simulated time and the events."""
        paced = self._paced
        ended = paced is not None and paced.world.ended
        figures = {
            'frames_sent': self._sent.count,
            'rate_hz': f'{self._sent.per_second(time.monotonic()):.2f}',
            'listeners': self._topics.listeners if self._topics else 0}
        if paced is not None and self._topics is not None:
            figures |= {
                'late': paced.late, 'refused': self._topics.refused,
                'time_s': f'{paced.world.time_s:.2f}',
                'right': paced.right, 'judged': paced.judged,
                'events': SimulatedEvents(events=paced.events).text(),
                **{f'fact.{name}': value for name, value in paced.world.state().items()}}
        return (WARN if ended else OK), 'ended' if ended else self.phase, figures

    @property
    def _now_s(self) -> float:
        assert self._paced is not None
        return self._begun_s + self._paced.world.time_s

    def _meet(self) -> None:
        if self._paced is not None and self.settings.real_time_factor == 1.0:
            self._begun_s = time.time() - self._paced.world.time_s

    def _catch_up(self) -> None:
        paced = self._paced
        assert paced is not None
        if paced.catch_up(time.monotonic()):
            self._timer.destroy()
            self.note(f'{self.settings.app}: ended after {self._sent.count} frames')
            self.publish_diagnostics()

    def _show(self) -> None:
        if self._paced is not None and self._topics is not None:
            self._topics.publish_image(self._paced.world, self._now_s)
            self._sent.tick()

    def _publish_state(self) -> None:
        if self._paced is not None and self._topics is not None:
            self._topics.publish_state(self._paced.world, self._now_s)

    def _log_event(self, event: Event) -> None:
        log_line(self.get_logger(), f'{event.time_s:.1f} s: {event.kind}: {event.detail}',
                 warn=event.right is False)


def main() -> None:
    """Run the sim node."""
    run_node(SimNode)
