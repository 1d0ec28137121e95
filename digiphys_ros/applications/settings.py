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

"""Parameters of the nodes sim and gazebo_adapter."""

from dataclasses import dataclass

from digiphys_ros import renamed
from digiphys_ros.applications import APPLICATIONS, DEFAULT
from digiphys_ros.settings import NodeSettings, setting


@dataclass(frozen=True)
class SimSettings(NodeSettings):
    """Parameters of the node sim."""

    app: str = setting(DEFAULT, 'Application to simulate.', choices=tuple(APPLICATIONS.built_in),
                       registry=APPLICATIONS, renamed=renamed.APPLICATIONS)
    rules: str = setting(
        '', 'Rules file with the actuators of the world: a path, or a name in config/. Empty: '
        'none.')
    data: str = setting(
        '', 'Images for an application that shows some: a folder or a data set. Empty: synthetic '
        'images.')
    seed: int = setting(0, 'The same seed gives the same world.', 0, 2**31 - 1)
    real_time_factor: float = setting(
        1.0, 'Simulated seconds per second, if the machine is fast enough; unless it is 1, all '
        'other nodes need use_sim_time.', 0.01, 100.0)
    frame_id: str = setting('camera_optical_frame', 'frame_id in the header of every image.')


@dataclass(frozen=True)
class GazeboAdapterSettings(NodeSettings):
    """Parameters of the node gazebo_adapter."""

    app: str = setting(DEFAULT, 'Application whose actuators run in Gazebo.',
                       choices=tuple(APPLICATIONS.built_in), registry=APPLICATIONS,
                       renamed=renamed.APPLICATIONS)
