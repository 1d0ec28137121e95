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

"""ROS domains in which this run is alone on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
import socket

from digiphys_ros.errors import ConfigError

DOMAINS = range(1, 101)
"""Not 0, which robots have by default; beyond 101 the ports of DDS are those of other programs."""


@contextmanager
def free_domain(but: str = '', *, first: int | None = None) -> Iterator[int]:
    """
    Give a ROS domain that no other demo, benchmark or test of this machine has meanwhile.

    :param but: a domain that is not given: the one of the shell, where a robot may be running.
    :param first: where to look first; processes look in different places.
    :raises ConfigError: when all are taken.
    """
    first = os.getpid() if first is None else first
    for number in (DOMAINS[(first + place) % len(DOMAINS)] for place in range(len(DOMAINS))):
        # all users of this network see such a name; it leaves no file and ends with the process
        with socket.socket(socket.AF_UNIX) as holder:
            try:
                holder.bind(f'\0digiphys_ros_domain_{number}')
            except OSError:
                continue
            if str(number) != but:
                yield number
                return
    raise ConfigError(f'ROS domains {DOMAINS[0]} to {DOMAINS[-1]} are all taken by demos, '
                      'benchmarks and tests that run on this machine: end one of them.')
