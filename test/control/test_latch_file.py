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

import os
import threading
import time

from digiphys_ros.control import LatchFile, LatchKeeper
from digiphys_ros.control.latch_file import recall
import pytest


def until(condition, timeout_s=90.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.01)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'made' / 'when needed'


def test_latch_file_keeps_the_latch_until_release(path):
    LatchFile(path).hold()
    LatchFile(path).hold()
    assert LatchFile(path).is_held()
    LatchFile(path).release()
    LatchFile(path).release()
    assert not LatchFile(path).is_held()


@pytest.mark.parametrize('change', [LatchFile.hold, LatchFile.release])
def test_latch_file_check_keeps_the_state(path, change):
    change(LatchFile(path))
    held = LatchFile(path).is_held()
    LatchFile(path).check()
    assert LatchFile(path).is_held() is held


def test_latch_file_unused_is_not_held(path):
    LatchFile(path).check()
    assert not LatchFile(path).is_held()


def folder(path):
    path.mkdir()


def link_to_itself(path):
    path.symlink_to(path)


def link_to_nowhere(path):
    path.symlink_to(path.parent / 'nowhere' / 'at all')


def pipe(path):
    os.mkfifo(path)


def empty_file(path):
    path.touch()


def cut_off_file(path):
    path.write_bytes(b'rel')


@pytest.mark.parametrize('make', [folder, link_to_itself, link_to_nowhere, pipe, empty_file,
                                  cut_off_file])
def test_latch_file_without_release_is_held(tmp_path, make):
    path = tmp_path / 'latch'
    make(path)
    assert LatchFile(path).is_held()


@pytest.mark.parametrize('make', [folder, link_to_itself, link_to_nowhere, pipe])
def test_latch_file_not_writable_fails_the_check(tmp_path, make):
    path = tmp_path / 'latch'
    make(path)
    with pytest.raises(OSError, match=r'latch|seek|pipe|Is a directory|levels'):
        LatchFile(path).check()


@pytest.mark.parametrize('make', [link_to_itself, link_to_nowhere, empty_file])
def test_latch_file_folder_not_creatable_fails_the_check(tmp_path, make):
    make(tmp_path / 'home')
    with pytest.raises(OSError, match='home'):
        LatchFile(tmp_path / 'home' / 'latch').check()


def test_latch_file_on_a_broken_disk_fails_the_check(broken_disk):
    for path in (broken_disk / 'latch', broken_disk / 'digiphys_ros' / 'latch'):
        with pytest.raises(OSError, match=r'No space left|Read-only'):
            LatchFile(path).check()


def test_latch_keeper_stores_the_last_change(path):
    keeper = LatchKeeper(LatchFile(path))
    for held in (True, False, True):
        keeper.keep(held)
    keeper.close()
    assert LatchFile(path).is_held()
    assert not keeper.problem


def test_latch_keeper_failure_is_reported_and_tried_again(tmp_path):
    blocked = tmp_path / 'home'
    blocked.touch()
    keeper = LatchKeeper(LatchFile(blocked / 'latch'), retry_s=0.01)
    keeper.keep(True)
    until(lambda: 'cannot be remembered' in keeper.problem)
    blocked.unlink()
    until(lambda: not keeper.problem)
    assert LatchFile(blocked / 'latch').is_held()
    keeper.close()


def test_latch_keeper_hanging_disk_is_reported(path):
    file, goes_on = LatchFile(path), threading.Event()
    file.hold = goes_on.wait
    keeper = LatchKeeper(file, patience_s=0.05)
    assert not keeper.problem
    keeper.keep(True)
    until(lambda: 'gives no answer' in keeper.problem)
    goes_on.set()
    until(lambda: not keeper.problem)
    keeper.close()


def test_latch_keeper_close_with_a_failing_disk_ends(tmp_path):
    (tmp_path / 'home').touch()
    keeper = LatchKeeper(LatchFile(tmp_path / 'home' / 'latch'), retry_s=600.0)
    keeper.keep(True)
    until(lambda: keeper.problem)
    started_s = time.monotonic()
    keeper.close(timeout_s=600.0)
    assert time.monotonic() - started_s < 90


@pytest.mark.parametrize('without_memory', [False, True])
def test_recall_returns_whether_to_start_e_stopped(tmp_path, without_memory):
    file = LatchFile(tmp_path / 'latch')
    assert recall(file, without_memory=without_memory) == (False, '')
    file.hold()
    assert recall(file, without_memory=without_memory) == (True, '')
    blocked = tmp_path / 'file'
    blocked.write_text('')
    held, problem = recall(LatchFile(blocked / 'latch'), without_memory=without_memory)
    assert held is without_memory
    assert problem.startswith('the e-stop cannot be remembered: ')
