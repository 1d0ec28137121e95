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


"""Names in remap rules."""

from digiphys_ros.ros.topic_names import misspelt_remap, NAMES, OF_ACTUATORS
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]
NODES = ('camera', 'classifier', 'policy', 'gate')
OF_ROS = {'rosout', 'parameter_events', 'transition_event', 'change_state', 'get_state',
          'get_available_states', 'get_available_transitions', 'get_transition_graph',
          'get_type_description', 'describe_parameters', 'get_parameter_types', 'get_parameters',
          'list_parameters', 'set_parameters', 'set_parameters_atomically'}


def test_topic_names_are_those_of_running_nodes(robot):
    robot.start('camera', source='course')
    for node in NODES[1:]:
        robot.start(node)
    robot.is_active(*NODES)
    names = {name for one in (*NODES, 'gate_estop') for look in (
        robot.node.get_publisher_names_and_types_by_node,
        robot.node.get_subscriber_names_and_types_by_node,
        robot.node.get_service_names_and_types_by_node) for name, _ in look(one, '/')}
    unknown = [name for name in names if name.split('/')[-1] not in NAMES | OF_ROS
               and name.split('/')[-2] not in OF_ACTUATORS]
    assert unknown == ['/cmd_vel']
    assert {'/image', '/classification', '/desired/base', '/estop', '/gate/reset'} <= names


@pytest.mark.parametrize('rule', [
    'image:=/a', 'classifier:image:=/a', '/robot1/front/image:=/a', 'image/compressed:=/a',
    'desired/estops:=/a', '~/reset:=/a', 'cmd_vel:=/a', 'estop:=/panel/stop'])
def test_misspelt_remap_of_an_existing_name_is_empty(rule):
    assert misspelt_remap(rule) == ''


@pytest.mark.field('aliasrobotics/RVD #582', 'a remap of a name that no node has changes nothing')
@pytest.mark.parametrize('rule', ['imge:=/a', 'image_raw:=/a', 'classifier:clasification:=/a',
                                  '/robot1/e_stop:=/a'])
def test_misspelt_remap_of_an_unknown_name_is_reported(rule):
    assert 'did you mean' in misspelt_remap(rule)
