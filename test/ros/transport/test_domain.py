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


from contextlib import ExitStack
import os
import subprocess
import sys

from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.transport import domain
from digiphys_ros.ros.transport.domain import free_domain
import pytest

OTHER = 'from digiphys_ros.ros.transport.domain import free_domain\n' \
    'import sys\n' \
    'with free_domain() as number:\n    print(number, flush=True)\n    sys.stdin.read()\n'


def test_free_domain_is_given_once_at_a_time_whatever_the_temporary_folder(tmp_path):
    with ExitStack() as stack:
        others = [stack.enter_context(subprocess.Popen(
            [sys.executable, '-c', OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, 'TMPDIR': folder}))
            for folder in (str(tmp_path), '/tmp')]
        given = [int(one.stdout.readline()) for one in others]
        given += [stack.enter_context(free_domain()) for _ in range(10)]
        assert len(set(given)) == len(given)
        for one in others:
            one.communicate()


def test_free_domain_of_a_run_that_failed_is_given_again(monkeypatch):
    monkeypatch.setattr(domain, 'DOMAINS', range(905, 906))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), free_domain():
            raise ZeroDivisionError


def test_free_domain_is_not_that_of_the_shell():
    with free_domain() as first:
        pass
    with free_domain(but=str(first)) as second:
        assert second != first


def test_free_domain_all_taken_says_by_what(monkeypatch):
    # none that another run needs meanwhile
    monkeypatch.setattr(domain, 'DOMAINS', range(901, 904))
    given = []
    with ExitStack() as stack, pytest.raises(ConfigError, match='901 to 903 are all taken by'):
        while len(given) < 4:
            given.append(stack.enter_context(free_domain()))
    assert sorted(given) == [901, 902, 903]
