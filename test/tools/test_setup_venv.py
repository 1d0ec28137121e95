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
    """Stands for the steps of a setup; can be told to break off in one of them."""

    def __init__(self, setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch,
                 folder: Path) -> None:
        self.done: list[str] = []
        self.break_off_in = ''
        environment = setup_venv.Environment
        monkeypatch.setattr(environment, '_install_packages', lambda _: self.do('packages'))
        monkeypatch.setattr(environment, '_install_package', lambda _: self.do('package'))
        monkeypatch.setattr(setup_venv, 'build', lambda _: self.do('messages'))
        monkeypatch.setattr(setup_venv, 'lacks', lambda _: [])
        self.environment = environment('kilted', folder)

    def do(self, step: str) -> None:
        if step == self.break_off_in:
            raise KeyboardInterrupt
        self.done.append(step)

    def up_to_date(self) -> list[str]:
        """Bring the environment up to date; return the steps that this took."""
        self.done.clear()
        self.environment.bring_up_to_date()
        return self.done


@pytest.fixture
def recorder(setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recorder:
    return Recorder(setup_venv, monkeypatch, tmp_path)


def test_a_second_setup_does_nothing(recorder: Recorder) -> None:
    assert recorder.up_to_date() == ['packages', 'messages', 'package']
    assert recorder.up_to_date() == []


@pytest.mark.parametrize('step', ['packages', 'messages', 'package'])
def test_an_interrupted_step_is_redone(step: str, recorder: Recorder) -> None:
    recorder.break_off_in = step
    with pytest.raises(KeyboardInterrupt):
        recorder.up_to_date()
    finished = list(recorder.done)
    recorder.break_off_in = ''
    assert finished + recorder.up_to_date() == ['packages', 'messages', 'package']


def test_changed_messages_are_built_anew_without_installing_everything(
        recorder: Recorder, setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch,
        tmp_path_factory: pytest.TempPathFactory) -> None:
    recorder.up_to_date()
    messages = tmp_path_factory.mktemp('messages')
    (messages / 'Other.msg').write_text('int8 other\n')
    monkeypatch.setattr(setup_venv, 'SOURCE', messages)
    assert recorder.up_to_date() == ['messages', 'package']


def test_what_is_missing_is_said_before_anything_is_done(
        recorder: Recorder, setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_venv, 'lacks', lambda _: ['There is no compiler.'])
    with pytest.raises(setup_venv.SetupError, match='There is no compiler'):
        recorder.up_to_date()
    assert recorder.done == []


@pytest.mark.parametrize('python', ['3.10', '3.11', '3.12', '3.13', '3.14'])
@pytest.mark.parametrize('distro', ['kilted', 'jazzy'])
def test_every_requirement_has_one_version(
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
