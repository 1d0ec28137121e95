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
"""Generate the worlds and models for Gazebo in worlds/ from the applications."""

from pathlib import Path
import shutil
import sys

from digiphys_ros.applications import APPLICATIONS
from digiphys_ros.simulation.gazebo.sdf import write_world


def main() -> int:
    """Write all worlds."""
    folder = Path(__file__).resolve().parent.parent / 'worlds'
    for name in APPLICATIONS.built_in:
        gazebo = APPLICATIONS[name].gazebo
        if gazebo is None:
            continue
        for old in (f'models/{gazebo.world}', f'models/{gazebo.world}_machine'):
            shutil.rmtree(folder / old, ignore_errors=True)
        write_world(gazebo.describe(), folder, gazebo.drives)
        sys.stdout.write(f'{folder / gazebo.world}.sdf\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
