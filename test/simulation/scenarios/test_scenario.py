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

from digiphys_ros.applications import APPLICATIONS, find_application
from digiphys_ros.errors import ConfigError
from digiphys_ros.renamed import RenamedWarning
from digiphys_ros.resources import share_dir
from digiphys_ros.simulation.scenarios import scenario
import pytest

FILES = sorted((share_dir() / 'config/scenarios').glob('*.yaml'))


def load_scenario(path):
    return scenario.load_scenario(path, find_application)


def write_scenario(tmp_path, **changes):
    """Return a scenario file; a value of None omits its line."""
    lines = {'description': 'A test.', 'application': 'sorting', 'seconds': 10, 'faults': '[]',
             'expect': '{misses_at_most: 0}', **changes}
    path = tmp_path / 'one.yaml'
    path.write_text(''.join(f'{name}: {value}\n' for name, value in lines.items()
                            if value is not None))
    return path


def test_scenarios_shipped_cover_each_application_with_and_without_faults():
    scenarios = [load_scenario(path) for path in FILES]
    assert len(scenarios) >= 24
    for application in APPLICATIONS:
        own = [one for one in scenarios if one.application.name == application]
        assert any(one.faults for one in own)
        assert any(not one.faults for one in own)


@pytest.mark.parametrize(('changes', 'reason'), [
    ({'application': 'flying'}, 'one.yaml:2: field `application`: application '
     '"flying" is unknown'),
    ({'seconds': 0}, 'one.yaml:3: field `seconds`'),
    ({'expect': None}, 'field `expect`'),
    ({'expect': '{}'}, 'one.yaml:5: field `expect`'),
    ({'expect': '{luck: 1}'}, 'one.yaml:5: field `expect.luck`: sorting has no such expectation'),
    ({'expect': '{misses_at_most: -1}'}, 'one.yaml:5: field `expect.misses_at_most`'),
    ({'expect': '{misses_at_most: many}'}, 'one.yaml:5: field `expect.misses_at_most`'),
    ({'expect': '{parts_right_at_least: 1.5}'}, 'field `expect.parts_right_at_least`'),
    ({'expect': '{stopped_before_line: true}'}, 'sorting has no such expectation, '
     'it has '),
    ({'expect': '{never_above_limit: 0.05}'}, 'sorting has no such expectation'),
    ({'expect': '{safe_state_within_s: 0.5}'}, 'the scenario needs a fault that stops'),
    ({'expect': '{recovers_within_s: 0.5}', 'faults': '[{kind: camera_black, from_s: 1.0}]'},
     'the scenario needs a fault that ends'),
    ({'expect': '{safe_state_within_s: 0.5}',
      'faults': '[{kind: node_killed, node: gate, from_s: 1.0}]'}, 'a fault that stops'),
    ({'application': 'traffic_lights', 'expect': '{no_conflicting_greens: false}'},
     'must be true'),
    ({'application': 'triage', 'expect': '{images_at_least: 1, safe_state_within_s: 1.0}',
      'faults': '[{kind: camera_black, from_s: 1.0}]'}, 'triage has no such expectation'),
    ({'expect': '{parts_at_least: 20}'}, 'can be at most 16.3846 in 10 s'),
    ({'application': 'traffic_signs', 'expect': '{drives_at_least_m: 10}'},
     'can be at most 9 in 10 s'),
    ({'application': 'triage', 'expect': '{images_at_least: 22}'}, 'can be at most 21 in 10 s'),
    ({'application': 'traffic_lights', 'seconds': 20, 'expect': '{served_at_least: 102}'},
     'can be at most 101 in 20 s'),
    ({'application': 'traffic_lights', 'expect': '{served_at_least: 1}'},
     'needs a scenario of at least 10.3 s'),
    ({'application': 'traffic_signs', 'seconds': 7, 'expect': '{stopped_before_line: true}'},
     'needs a scenario of at least 7.5 s'),
    ({'seconds': 1.5, 'expect': '{parts_right_at_least: 1.0}'},
     'needs a scenario of at least 1.7 s'),
    ({'application': 'traffic_lights', 'expect': '{mean_wait_at_most_s: 11}'},
     'can be at most 10 in 10 s'),
    ({'expect': '{safe_state_within_s: 4}', 'faults': '[{kind: camera_black, from_s: 7.0}]'},
     'only 3 s are left to judge'),
    ({'expect': '{recovers_within_s: 4}',
      'faults': '[{kind: camera_black, from_s: 1.0, to_s: 7.0}]'}, 'only 3 s are left to judge'),
    ({'faults': '[{kind: log_tampered, from_s: 1.0}]'},
     'the application has no audit log (sorting)'),
    ({'expect': '{audit_log_complete: true}'}, 'sorting has no such expectation'),
    ({'expect': '{belt_recovers_within_s: 2}', 'faults': '[{kind: light_dimmed, from_s: 1.0, '
      'fraction: 0.5}]'}, 'the scenario needs a fault that ends'),
    ({'expect': '{belt_recovers_within_s: 4}', 'faults': '[{kind: camera_dirty, from_s: 1.0, '
      'to_s: 7.0, fraction: 0.5}]'}, 'only 3 s are left to judge'),
    ({'faults': '[{kind: rain, from_s: 1.0}]'}, 'one.yaml:4: field `faults.0'),
    ({'faults': '[{kind: sign_dirty, from_s: 1.0, fraction: 0.5}]'}, 'sorting has no such fault'),
    ({'faults': '[{kind: sign_dirty, from_s: 1.0, fraction: 2}]', 'application': 'traffic_signs'},
     'less than or equal to 1'),
    ({'faults': '[{kind: camera_black, from_s: 11.0}]'}, 'must be before the end of the scenario'),
    ({'faults': '[{kind: camera_black, from_s: 5.0, to_s: 4.0}]'}, 'must come after from_s'),
    ({'faults': '[{kind: node_killed, node: sim, from_s: 5.0}]'}, 'one.yaml:4'),
    ({'application': 'triage', 'expect': '{images_at_least: 1}',
      'faults': '[{kind: node_killed, node: gate, from_s: 5.0}]'},
     'the application has no gate (triage)'),
])
def test_load_scenario_invalid_names_file_line_and_reason(tmp_path, changes, reason):
    with pytest.raises(ConfigError) as caught:
        load_scenario(write_scenario(tmp_path, **changes))
    error = str(caught.value)
    assert reason in error
    assert error.startswith(str(tmp_path / 'one.yaml'))
    assert '\n' not in error


@pytest.mark.parametrize(('application', 'fault', 'old', 'new'), [
    ('sorting', '', 'about', 'description'),
    ('sorting', 'camera_dirty', 'share', 'fraction'),
    ('sorting', 'light_dimmed', 'share', 'fraction'),
    ('traffic_signs', 'sign_dirty', 'share', 'fraction')])
def test_load_scenario_old_key_works_with_a_warning(tmp_path, application, fault, old, new):
    expect = '{answers_right_at_least: 0.5}'

    def write(*names):
        if not fault:
            return write_scenario(tmp_path, **{
                'description': None, 'expect': expect, **dict.fromkeys(names, 'A test.')})
        values = ', '.join(f'{name}: 0.5' for name in names)
        return write_scenario(tmp_path, application=application, expect=expect,
                              faults=f'[{{kind: {fault}, from_s: 1.0, {values}}}]')
    with pytest.warns(RenamedWarning, match=f'one.yaml: "{old}" .* write "{new}"'):
        scenario = load_scenario(write(old))
    assert scenario == load_scenario(write(new))
    with pytest.raises(ConfigError, match=f'both `{new}` and `{old}`'):
        load_scenario(write(old, new))


def test_load_scenario_unknown_expectation_lists_those_of_the_application(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_scenario(write_scenario(tmp_path, application='triage', expect='{misses_at_most: 0}'))
    offered = str(caught.value).partition('it has ')[2]
    assert 'images_at_least' in offered
    assert 'no_unsafe_command' not in offered
    assert 'safe_state_within_s' not in offered
