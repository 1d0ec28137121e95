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


import json

import cv2
from digiphys_ros.cli.main import main
import pytest


def sim(*words):
    return main(['sim', 'run', *map(str, words)])


def test_run_with_camera_writes_report_figure_and_video(drawing, tmp_path, capsys):
    video = tmp_path / 'course.mp4'
    assert sim('sorting', '--seconds', 2, '--out', tmp_path, '--record', video, '--json',
               tmp_path / 'a.json') == 0
    report = json.loads((tmp_path / 'a.json').read_text())
    assert report['application'] == 'sorting'
    assert report['simulated_s'] == pytest.approx(2.0, abs=0.1)
    assert report['unsafe_commands'] == 0
    assert report['commands'] > 100
    capture = cv2.VideoCapture(str(video))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == pytest.approx(60, abs=2)
    read, image = capture.read()
    assert read
    assert image.std() > 5
    assert (tmp_path / 'report.png').stat().st_size > 5000
    out = capsys.readouterr().out
    assert 'sorting, seed 0: 2.0 s at' in out
    assert 'unsafe 0' in out


@pytest.mark.parametrize('app', ['traffic_signs', 'traffic_lights', 'sorting'])
def test_run_without_camera_same_seed_gives_the_same_result(app, tmp_path, capsys):
    reports = []
    for seed in (3, 3, 4):
        assert sim(app, '--no-camera', '--seconds', 40, '--seed', seed, '--json', '-', '--out',
                   tmp_path) == 0
        reports.append(json.loads(capsys.readouterr().out))
    assert reports[0]['result'] == reports[1]['result'] != reports[2]['result']
    assert not reports[0]['camera']
    assert reports[0]['real_time_factor'] > 1


def test_run_missed_target_ends_with_1(tmp_path, capsys, monkeypatch):
    from digiphys_ros.applications.sorting.conveyor import Part
    monkeypatch.setattr(Part, 'right', False)
    assert sim('sorting', '--no-camera', '--seconds', 10, '--json', tmp_path / 'a.json', '--out',
               tmp_path) == 1
    assert 'target     FAIL parts_right 0 (of' in capsys.readouterr().out
    target = json.loads((tmp_path / 'a.json').read_text())['targets'][0]
    assert target.pop('judged') > 0
    assert target == {'name': 'parts_right', 'value': 0.0, 'limit': 0.98, 'passed': False}


def test_run_too_short_to_judge_passes_and_says_so(tmp_path, capsys):
    assert sim('traffic_signs', '--no-camera', '--seconds', 2, '--out', tmp_path) == 0
    assert 'signs_right: nothing was judged' in capsys.readouterr().out


def test_run_without_opengl_names_the_packages_and_no_camera_works(
        tmp_path, capsys, monkeypatch):
    from digiphys_ros.errors import SimulationError
    from digiphys_ros.simulation.rendering import renderer

    def missing(self):
        raise SimulationError(f'{renderer.INSTALL_GL} (no driver).')
    monkeypatch.setattr(renderer.Renderer, '_open_gl', missing)
    assert sim('sorting', '--seconds', 1, '--out', tmp_path) == 2
    assert 'sudo apt-get install libegl1' in capsys.readouterr().err
    assert sim('sorting', '--no-camera', '--seconds', 1, '--out', tmp_path) == 0


@pytest.mark.parametrize(('words', 'reason'), [
    ([], 'the following arguments are required: COMMAND'),
    (['run'], 'the following arguments are required: APP'),
    (['run', 'boat'], 'application "boat" is unknown, allowed are traffic_signs'),
    (['run', 'sorting', '--data', 'x.npz'], '--data: sorting takes no data'),
    (['run', 'sorting', '--seconds', '0'], '--seconds: must be positive and at most 86400'),
    (['run', 'sorting', '--seconds', 'nan'], '--seconds: must be positive and at most 86400, '
     "received 'nan'"),
    (['run', 'sorting', '--seed', '-1'], '--seed: must be a whole number of at least 0'),
    (['run', 'sorting', '--count', '9'], 'unrecognized arguments: --count 9'),
    (['run', 'sorting', '--record', 'x.avi'],
     '--record x.avi: the name must end in .mp4'),
    (['run', 'sorting', '--no-camera', '--record', 'x.mp4'], '--no-camera renders no images'),
    (['sweep', 'sorting', '--seeds', '7'], '--seeds: must be FIRST-LAST, such as 0-19'),
    (['sweep', 'sorting', '--seeds', '3-1'], '--seeds: must be FIRST-LAST'),
    (['sweep', 'sorting', '--seeds', '0-99999'], 'must be at most 10000 seeds, received 100000'),
    (['sweep', 'sorting', '--view'], 'unrecognized arguments: --view'),
    (['collect', 'sorting'], 'the following arguments are required: --out'),
    (['collect', 'sorting', '--out', 'x', '--count', '0'],
     '--count: must be a whole number of at least 1'),
    (['collect', 'sorting', '--out', 'x', '--bundle', 'mine'], 'unrecognized arguments'),
    (['scenario'], 'the following arguments are required: FILE'),
    (['scenario', 'nothing.yaml'], 'nothing.yaml'),
    (['scenario', 'triage_plain', '--seed', '9'], 'unrecognized arguments: --seed 9'),
])
def test_sim_invalid_arguments_get_one_sentence(words, reason, capsys):
    assert main(['sim', *words]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count('\n') == 1


def test_run_shortest_run_has_one_image(tmp_path, capsys):
    assert sim('sorting', '--no-camera', '--seconds', 1e-12, '--json', '-', '--out', tmp_path) == 0
    assert json.loads(capsys.readouterr().out)['result']['frames'] == 1


@pytest.mark.parametrize(('words', 'reason'), [
    (['--json', 'nowhere/a.json'], '--json nowhere/a.json: cannot be written: No such file'),
    (['--json', '.'], '--json .: cannot be written'),
    (['--out', 'file/out'], 'file is not a folder'),
])
def test_run_unwritable_results_are_refused_before_the_run(
        words, reason, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'file').touch()
    monkeypatch.setattr('digiphys_ros.simulation.loop.Loop.step', None)
    assert sim('sorting', '--no-camera', *words) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize('words', [['sim', 'run', 'traffic_signs', '--view'], ['demo']])
def test_run_view_on_a_broken_display_gets_one_sentence(words, capsys, monkeypatch):
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    monkeypatch.setenv('DISPLAY', ':99')
    assert main(words) == 2
    error = capsys.readouterr().err
    assert 'the display :99 cannot open a window' in error
    assert error.count('\n') == 1


def test_run_view_without_display_is_refused(capsys, monkeypatch):
    for variable in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(variable, raising=False)
    assert sim('traffic_signs', '--view') == 2
    assert '--record FILE.mp4 writes a video' in capsys.readouterr().err
