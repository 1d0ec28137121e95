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
import pickle
import subprocess
import sys

from digiphys_ros.applications import APPLICATIONS, find_application, make_application
from digiphys_ros.errors import UsageError
from digiphys_ros.resources import find_resource, share_dir
import pytest


@pytest.mark.parametrize('name', APPLICATIONS.built_in)
def test_specification_shipped_has_existing_files_and_complete_parts(name):
    found = find_application(name)
    assert found.name == name
    for config in (found.config, found.sim_config):
        assert find_resource(config, 'config').is_file()
    parts, world = found.parts(), make_application(name, camera=False)
    assert len(parts.labels) > 1
    assert world.ground_truth() in (*parts.labels, None)
    assert found.strip_state in ('', *world.state())
    assert found.background in (None, *parts.labels)
    # processes of a sweep get it this way
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize('name', [name for name in APPLICATIONS.built_in
                                  if find_application(name).gazebo])
def test_specification_gazebo_has_world_machine_and_bridge(name):
    gazebo = find_application(name).gazebo
    assert find_resource(f'{gazebo.world}.sdf', 'worlds').is_file()
    assert find_resource(f'{gazebo.world}_machine', 'worlds/models').is_dir()
    assert find_resource(gazebo.bridge, 'config/gazebo').is_file()
    assert {body.name for body in gazebo.describe().bodies} >= set(gazebo.drives)


def test_applications_listing_imports_no_world():
    script = ('import sys; from digiphys_ros.applications import *; '
              'print(list(APPLICATIONS), [find_application(name).config for name in APPLICATIONS],'
              'sorted({"mujoco", "cv2", "numpy", "pydantic"} & set(sys.modules)))')
    result = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True,
                            cwd=share_dir(), check=True)
    assert result.stdout.rstrip().endswith('[]'), result.stdout


def test_find_application_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match='"boat" is unknown, allowed are traffic_signs'):
        find_application('boat')


def test_make_application_negative_seed_is_refused():
    with pytest.raises(UsageError, match='the seed must be at least 0, received -1'):
        make_application('sorting', -1, camera=False)
