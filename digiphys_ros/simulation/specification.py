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
"""The specification of an application: all that the simulator, tools and nodes know of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digiphys_ros.simulation.application import Application, Needed, Shot
    from digiphys_ros.simulation.gazebo.adapter import Adapter
    from digiphys_ros.simulation.loop import Recording
    from digiphys_ros.simulation.physics.description import World
    from digiphys_ros.simulation.scenarios.expectation import Expectation
    from digiphys_ros.simulation.scenarios.faults import Fault
    from digiphys_ros.simulation.targets import Target
    import numpy as np


def no_targets(_recording: 'Recording') -> 'Sequence[Target]':
    """Return no targets, as of an application that drives nothing."""
    return ()


@dataclass(frozen=True)
class Parts:
    """
    The code of an application.

    :ivar world: makes the simulated world: ``world(seed, *, camera=True, **options)``.
    :ivar labels: classes that its images show.
    :ivar collect: yields labelled images of one random world: those that are still needed.
    :ivar report: returns the results of a run, from its frames and, where it advises, its audit.
    :ivar targets: returns the figures that a run must reach.
    :ivar expectations: what a scenario of this application may expect, besides what any may.
    :ivar faults: faults of this application, besides those that any may have. They change the
        world by ``Application.disturb``.
    """

    world: 'Callable[..., Application]'
    labels: tuple[str, ...]
    collect: 'Callable[[np.random.Generator, Needed], Iterator[Shot]]'
    report: Callable[..., dict[str, Any]]
    targets: 'Callable[[Recording], Sequence[Target]]' = no_targets
    expectations: 'Mapping[str, Expectation]' = field(default_factory=dict)
    faults: 'tuple[type[Fault], ...]' = ()


@dataclass(frozen=True)
class Gazebo:
    """
    An application in Gazebo.

    :ivar world: name of the world below ``worlds/``.
    :ivar describe: returns the world, always the same.
    :ivar drives: body -> how Gazebo drives it, see ``simulation.gazebo.sdf``.
    :ivar adapter: makes what stands between the gates and Gazebo.
    :ivar bridge: topics between ROS and Gazebo: a path, or a name in config/gazebo.
    """

    world: str
    describe: 'Callable[[], World]'
    drives: Mapping[str, str]
    adapter: 'Callable[[], Adapter]'
    bridge: str


@dataclass(frozen=True)
class ApplicationSpec:
    """
    One application.

    To make one costs no import of its world: ``parts`` does that when it is called.

    :ivar name: as on the command line; the same as that of its entry point.
    :ivar parts: returns its code.
    :ivar config: parameters file of the robot: a path, or a name in config/.
    :ivar sim_config: parameters file in the simulator, ``config`` where there is no other one.
    :ivar actuated: whether it moves something; else it advises a person.
    :ivar background: class of an image that shows nothing, where there is one.
    :ivar options: names of further options of its world, such as ``data``.
    :ivar strip_state: the state that the plot of all scenarios shows over time; empty for the
        score.
    :ivar gazebo: its world in Gazebo, None without one.
    """

    name: str
    parts: Callable[[], Parts]
    config: str
    sim_config: str = ''
    actuated: bool = True
    background: str | None = None
    options: tuple[str, ...] = ()
    strip_state: str = ''
    gazebo: Gazebo | None = None

    def __post_init__(self) -> None:
        """Take the robot's parameters file for the simulator where there is no other one."""
        if not self.sim_config:
            object.__setattr__(self, 'sim_config', self.config)


Find = Callable[[str], ApplicationSpec]
"""Returns the application of a name, and raises UsageError for a name that does not exist."""
