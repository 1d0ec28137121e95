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

from digiphys_ros.ros.transport.endpoint_process import foreign_process, without_profile
import pytest

OWN = bytes.fromhex('010f78fd9c1e83ac0000000000001303')


@pytest.mark.parametrize(('gid', 'names'), [
    ('010f78fd9a1eae35', 'process 73370 of user '),  # 0x1e9a is the lower half of 73370
    ('010f78fd0100ae35', 'a process of another container or user'),
    ('010f78fd0200ae35', ''),  # this user's own
    ('010f11119a1eae35', ''),  # another machine
    ('0110aaaa9a1eae35', '')])  # other middleware
def test_foreign_process_of_another_user_or_container_is_named(tmp_path, monkeypatch, gid, names):
    for number in ('73370', '2', 'self'):
        (tmp_path / number).mkdir()
    me = os.geteuid()
    monkeypatch.setattr(os, 'geteuid', lambda: me + 1)
    try:
        os.chown(tmp_path / '2', me + 1, -1)
    except PermissionError:
        pytest.skip('only root may give a folder to another user')
    found = foreign_process(bytes.fromhex(gid), OWN, tmp_path)
    assert found.startswith(names) and bool(found) == bool(names)


@pytest.mark.parametrize(('gid', 'files', 'found'), [
    ('010f78fd9a1eae35', {}, True),
    ('010f78fd9a1eae35', {'environ': 'A=1\0FASTDDS_DEFAULT_PROFILES_FILE=/a.xml\0'}, False),
    ('010f78fd9a1eae35', {'environ': 'FASTRTPS_DEFAULT_PROFILES_FILE=/a.xml\0'}, False),
    ('010f78fd9a1eae35', {'environ': 'FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA\0'}, False),
    ('010f78fd9a1eae35', {'cwd/DEFAULT_FASTDDS_PROFILES.xml': '<dds/>'}, False),
    # of another container, whose process has the same number
    ('010f78fd9a1eae35', {'maps': '7f00 r-xp /usr/lib/systemd/systemd\n'}, False),
    ('010f78fd0200ae35', {}, False),  # a process that is not there
    ('010f11119a1eae35', {}, False),  # another machine
    ('0110aaaa9a1eae35', {}, False)])  # other middleware
def test_without_profile_finds_a_process_with_default_transports(tmp_path, gid, files, found):
    usual = {'maps': '7f00 r-xp /opt/ros/jazzy/lib/libfastrtps.so.2.14\n',
             'environ': 'HOME=/root\0', 'cmdline': 'usb_cam\0--ros-args\0'}
    (tmp_path / '73370' / 'cwd').mkdir(parents=True)
    for name, text in {**usual, **files}.items():
        (tmp_path / '73370' / name).write_text(text)
    process = without_profile(bytes.fromhex(gid), OWN, tmp_path)
    assert process == ((73370, ['usb_cam', '--ros-args']) if found else None)


def test_without_profile_of_an_inaccessible_process_is_none(tmp_path):
    (tmp_path / '73370').mkdir()
    assert without_profile(bytes.fromhex('010f78fd9a1eae35'), OWN, tmp_path) is None
