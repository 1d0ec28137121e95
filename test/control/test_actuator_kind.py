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

import subprocess
import sys

from digiphys_ros.control.actuator_kind import ACTUATOR_KINDS, ActuatorKind
from digiphys_ros.control.config import load_control
from digiphys_ros.errors import ConfigError
import pytest

RULES = """
actuators:
  arm:
    kind: {kind}
    topic: arm
    {more}
    fields: {{data: {{min: 0.0, max: 1.0, safe: 0.0, max_rate_per_s: 1.0}}}}
rules:
  - {{name: unsure, when: [abstain], command: {{}}}}
  - {{name: rest, default: true, command: {{}}}}
"""

SOURCE = """
from digiphys_ros.control.actuator_kind import ActuatorKind
LIFT = ActuatorKind('lift_package:CONVERSION', fields=('data',), options='no_such_module:Options')
"""


@pytest.fixture
def load(tmp_path):
    """Return a function that loads a rules file with an actuator of a kind."""
    def of(kind, more=''):
        path = tmp_path / 'rules.yaml'
        path.write_text(RULES.format(kind=kind, more=more))
        return load_control(path)
    return of


def test_actuator_kind_unknown_lists_the_allowed_kinds(load):
    with pytest.raises(ConfigError, match=r'yaml:4: .*actuator kind "float46" is unknown, allowed '
                       r'are twist_stamped, .*signals \(did you mean float64\?\), received'):
        load('float46')


def test_actuator_kind_built_in_has_no_options(load):
    assert load('float64').actuator('arm').options == {}
    with pytest.raises(ConfigError, match='a float64 has none'):
        load('float64', 'options: {unit: mm}')


def test_actuator_kind_import_error_is_reported_and_others_work(load, add_package):
    add_package('lost_package', 'digiphys_ros.actuators', 'lost_lift = lost_package:LIFT')
    with pytest.raises(ConfigError, match='actuator kind "lost_lift" of package lost_package '
                       'cannot be imported'):
        load('lost_lift')
    assert load('float64').actuators


def test_actuator_kind_options_import_error_is_reported(load, add_package):
    add_package('lift_package', 'digiphys_ros.actuators', 'lift = lift_package:LIFT',
                source=SOURCE)
    with pytest.raises(ConfigError, match=r'options.*actuator kind "lift" cannot be imported from '
                       'no_such_module:Options'):
        load('lift')


@pytest.mark.parametrize('wrong', [{'motion': 'fast'}, {'sections': ('fields', 'color')}])
def test_actuator_kind_unknown_motion_or_section_is_refused(wrong):
    with pytest.raises(ConfigError, match=r'takes .*received'):
        ActuatorKind('package:CONVERSION', **wrong)


def test_gate_of_built_in_kinds_reads_no_entry_points():
    script = ('import sys; from digiphys_ros.control import Actuator, Limits, make_gate;'
              'known = "importlib.metadata" in sys.modules\n'
              f'for kind in {tuple(ACTUATOR_KINDS.built_in)}:\n'
              '  actuator = Actuator(kind, "arm", {"data": Limits(0.0, 1.0, 0.0, 1.0)})\n'
              '  make_gate(actuator, 1.0, 0.0).step(0.0)\n'
              '  actuator.is_timed(), actuator.is_switch()\n'
              'print(known, "importlib.metadata" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert done.stdout.strip() == 'False False', done.stderr
