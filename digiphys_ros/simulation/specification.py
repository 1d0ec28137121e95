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
"""The specification of an application, for the simulator, tools and nodes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digiphys_ros.simulation.application import Application, LabeledImage, Needed
    from digiphys_ros.simulation.gazebo.adapter import Adapter
    from digiphys_ros.simulation.loop import Recording
    from digiphys_ros.simulation.physics.description import World
    from digiphys_ros.simulation.scenarios.expectation import Expectation
    from digiphys_ros.simulation.scenarios.faults import Fault
    from digiphys_ros.simulation.targets import Target
    import numpy as np


def no_targets(_recording: 'Recording') -> 'Sequence[Target]':
    """Return no targets, for an application without actuators."""
    return ()


@dataclass(frozen=True)
class Parts:
    """
    The code of an application.

    :ivar world: creates the simulated world: ``world(seed, *, camera=True, **options)``.
    :ivar labels: classes of its images.
    :ivar collect: yields labeled images of one random world, of classes that are still needed.
    :ivar report: returns the results of a run from its frames and, if it advises, its audit log.
    :ivar targets: returns the figures of a run and their limits.
    :ivar expectations: expectations of this application, in addition to the common ones.
    :ivar faults: faults of this application, in addition to the common ones. They change the
        world by ``Application.disturb``.
    """

    world: 'Callable[..., Application]'
    labels: tuple[str, ...]
    collect: 'Callable[[np.random.Generator, Needed], Iterator[LabeledImage]]'
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
    :ivar drives: body -> its drive in Gazebo, see ``simulation.gazebo.sdf``.
    :ivar adapter: creates the adapter between the gates and Gazebo.
    :ivar bridge: bridge file of topics between ROS and Gazebo: a path, or a name in config/gazebo.
    """

    world: str
    describe: 'Callable[[], World]'
    drives: Mapping[str, str]
    adapter: 'Callable[[], Adapter]'
    bridge: str


@dataclass(frozen=True)
class ApplicationSpec:
    """
    The specification of one application.

    Creating it does not import the world; calling ``parts`` does.

    :ivar name: name on the command line, the same as that of its entry point.
    :ivar parts: returns its code.
    :ivar config: parameters file of the robot: a path, or a name in config/.
    :ivar sim_config: parameters file for the simulator; defaults to ``config``.
    :ivar actuated: whether it has actuators; otherwise it advises a person.
    :ivar background: class of an empty image, if there is one.
    :ivar options: names of additional options of its world, such as ``data``.
    :ivar strip_state: state value that the plot of all scenarios shows over time; empty for the
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
        """Use the robot's parameters file for the simulator if there is no other."""
        if not self.sim_config:
            object.__setattr__(self, 'sim_config', self.config)


Find = Callable[[str], ApplicationSpec]
"""Returns an application by name; raises UsageError for an unknown name."""
