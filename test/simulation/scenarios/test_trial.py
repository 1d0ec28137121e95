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

from functools import cache
import json

import cv2
from digiphys_ros.applications import find_application
from digiphys_ros.cli.simulation.scenario import run_scenarios
from digiphys_ros.errors import ConfigError, SimulationError, UsageError
from digiphys_ros.resources import share_dir
from digiphys_ros.simulation.scenarios import trial as trials
import pytest

FOLDER = share_dir() / 'config/scenarios'
FAST = ('triage_plain', 'triage_camera_black', 'triage_classifier_dies', 'sorting_camera_black',
        'sorting_classifier_dies', 'sorting_camera_blurred', 'traffic_lights_camera_black',
        'traffic_signs_command_too_late', 'traffic_signs_policy_dies')
"""
The subset that CI runs: the shortest scenarios of every application.

Together they have a black and a blurred camera, late commands, and a classifier and a policy that
die; `make scenarios` runs all scenarios.
"""


def run_trial(path, out):
    return trials.run_trial(path, out, find_application)


@pytest.fixture(scope='module', autouse=True)
def gl():
    """Skip without OpenGL."""
    from digiphys_ros.applications import make_application
    try:
        make_application('sorting')
    except SimulationError as error:
        pytest.skip(str(error))


def failing_scenario(tmp_path, name='wrong'):
    """Return a scenario whose first expectation fails and whose second passes."""
    path = tmp_path / f'{name}.yaml'
    path.write_text('description: The stream is too short.\napplication: triage\nseconds: 4\n'
                    'expect: {images_at_least: 9, answered_during_fault_at_most: 1.0}\n'
                    'faults: [{kind: camera_black, from_s: 2.0}]\n')
    return path


def test_fast_scenarios_cover_every_application():
    from digiphys_ros.applications import APPLICATIONS
    from digiphys_ros.simulation.scenarios.scenario import load_scenario
    assert {load_scenario(FOLDER / f'{name}.yaml', find_application).application.name
            for name in FAST} == set(APPLICATIONS)


@pytest.fixture(scope='module')
def fast_trial(tmp_path_factory):
    """Return a function that runs a scenario of ``FAST`` once and keeps the trial."""
    @cache
    def run(name):
        return run_trial(FOLDER / f'{name}.yaml', tmp_path_factory.mktemp(name))
    return run


@pytest.mark.parametrize('name', FAST)
def test_run_trial_fast_scenarios_pass(name, fast_trial):
    trial = fast_trial(name)
    assert not [(one.time_s, one.reason) for one in trial.verdicts if not one.passed]
    assert trial.simulated_s == pytest.approx(trial.scenario.seconds, abs=1.0)


def test_run_trial_failure_has_time_command_and_image(tmp_path):
    trial = run_trial(failing_scenario(tmp_path), tmp_path / 'out')
    assert not trial.passed
    [failed, passed] = trial.verdicts
    assert passed.passed
    assert failed.reason == 'images is 8 at the end, less than 9'
    assert failed.time_s == 3.5
    assert failed.command == {}
    image = cv2.imread(failed.image)
    assert image.shape[1] >= 640
    # the fault makes the image black, not the caption below it
    assert not image[:-60].any()
    assert image[-60:].any()


def test_run_trial_tampered_log_fails_only_its_own_run(tmp_path):
    path = tmp_path / 'tampered.yaml'
    for fault, failed in (('log_tampered', True), ('classifier_unsure', False)):
        path.write_text('description: Someone changes the log.\napplication: triage\nseconds: 5\n'
                        f'faults: [{{kind: {fault}, from_s: 3.0}}]\n'
                        'expect: {audit_log_complete: true, images_at_least: 9}\n')
        first, second = run_trial(path, tmp_path).verdicts
        assert second.passed
        assert first.reason == ('the audit log was changed: entry 1 in line 1 was '
                                'changed, or is not of this key' if failed else '')


def test_run_trial_same_scenario_gives_the_same_values(fast_trial, tmp_path):
    assert run_trial(FOLDER / 'triage_plain.yaml', tmp_path).values == \
        fast_trial('triage_plain').values


def test_run_scenarios_in_parallel_write_table_report_and_figure(tmp_path, capsys):
    report_file = tmp_path / 'report.json'
    names = [str(failing_scenario(tmp_path, 'first')), 'triage_camera_black']
    assert run_scenarios(names, out=tmp_path / 'out', json=str(report_file), jobs=2) == 1
    output = capsys.readouterr().out
    assert 'FAIL first ' in output
    assert 'ok   triage_camera_black' in output
    assert 'images_at_least 9: at 3.5 s images is 8 at the end' in output
    assert '1 of 2 scenarios passed' in output
    report = json.loads(report_file.read_text())
    assert [one['passed'] for one in report['scenarios']] == [False, True]
    assert report['passed'] is False
    assert cv2.imread(str(tmp_path / 'out/scenarios.png')).shape[1] == 1400


@pytest.mark.parametrize(('names', 'error'), [
    (['nothing.yaml'], ConfigError), (['EMPTY'], UsageError),
    (['triage_plain', 'triage_plain'], UsageError),
])
def test_run_scenarios_invalid_names_are_refused_before_any_run(names, error, tmp_path):
    names = [str(tmp_path) if name == 'EMPTY' else name for name in names]
    with pytest.raises(error):
        run_scenarios(names, out=tmp_path / 'out', json=None)
    assert not (tmp_path / 'out').exists()
