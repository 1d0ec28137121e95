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

from collections import Counter
from importlib import import_module
from pathlib import Path
import re
from types import ModuleType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def setup_venv(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return import_module('setup_venv')


class Recorder:
    """Replace the steps of a setup; ``interrupt_in`` names a step to interrupt."""

    def __init__(self, setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch,
                 folder: Path) -> None:
        self.done: list[str] = []
        self.interrupt_in = ''
        environment = setup_venv.Environment
        monkeypatch.setattr(environment, '_install_packages', lambda _: self.do('packages'))
        monkeypatch.setattr(environment, '_install_package', lambda _: self.do('package'))
        monkeypatch.setattr(setup_venv, 'build', lambda _: self.do('messages'))
        monkeypatch.setattr(setup_venv, 'problems', lambda _: [])
        self.environment = environment('kilted', folder)

    def do(self, step: str) -> None:
        if step == self.interrupt_in:
            raise KeyboardInterrupt
        self.done.append(step)

    def update(self) -> list[str]:
        """Update the environment; return the steps that ran."""
        self.done.clear()
        self.environment.update()
        return self.done


@pytest.fixture
def recorder(setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recorder:
    return Recorder(setup_venv, monkeypatch, tmp_path)


def test_update_of_complete_environment_runs_no_step(recorder: Recorder) -> None:
    assert recorder.update() == ['packages', 'messages', 'package']
    assert recorder.update() == []


@pytest.mark.parametrize('step', ['packages', 'messages', 'package'])
def test_update_after_interruption_repeats_the_step(step: str, recorder: Recorder) -> None:
    recorder.interrupt_in = step
    with pytest.raises(KeyboardInterrupt):
        recorder.update()
    finished = list(recorder.done)
    recorder.interrupt_in = ''
    assert finished + recorder.update() == ['packages', 'messages', 'package']


def test_update_after_changed_messages_runs_no_package_step(
        recorder: Recorder, setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch,
        tmp_path_factory: pytest.TempPathFactory) -> None:
    recorder.update()
    messages = tmp_path_factory.mktemp('messages')
    (messages / 'Other.msg').write_text('int8 other\n')
    monkeypatch.setattr(setup_venv, 'SOURCE', messages)
    assert recorder.update() == ['messages', 'package']


def test_update_on_incomplete_machine_raises_before_the_first_step(
        recorder: Recorder, setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_venv, 'problems', lambda _: ['A compiler is missing.'])
    with pytest.raises(setup_venv.SetupError, match='A compiler is missing'):
        recorder.update()
    assert recorder.done == []


@pytest.mark.parametrize('python', ['3.10', '3.11', '3.12', '3.13', '3.14'])
@pytest.mark.parametrize('distro', ['kilted', 'jazzy'])
def test_constraints_have_one_version_of_every_requirement(
        distro: str, python: str, setup_venv: ModuleType) -> None:
    lines = setup_venv._constraints(distro).splitlines()
    pins = [Requirement(line.split('#')[0]) for line in lines if re.match(r'\w', line)]
    pinned = Counter(canonicalize_name(pin.name) for pin in pins
                     if not pin.marker or pin.marker.evaluate({'python_version': python}))
    assert set(pinned.values()) == {1}
    assert all(re.fullmatch(r'==[\w.]+', str(pin.specifier)) for pin in pins)
    wanted = {*setup_venv.ROS, *setup_venv.MESSAGE_BUILD, *setup_venv.MESSAGE_BUILD_OF[distro],
              *setup_venv.others(tuple(map(int, python.split('.'))))}
    assert {canonicalize_name(Requirement(name).name) for name in wanted} <= set(pinned)
