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

"""Shared memory in which a gate and its guard publish their state."""

import mmap
import os

FIELDS = {name: place for place, name in enumerate((
    'beat_s', 'clock_s', 'commands', 'listeners', 'ended', 'ready', 'reached', 'acted_s',
    'watch_s'))}

GUARD = '_guard'
"""Suffix of a gate's name in the name of its guard."""


class Heartbeat:
    """
    Numbers in shared memory, each written by one side alone.

    :param outputs: number of actuators, each with its own numbers.
    :ivar descriptor: descriptor of the memory; a child that inherits it calls
        ``Heartbeat(descriptor)``.

    The gate writes ``beat_s`` (steady seconds of its last turn), ``clock_s`` (its clock then),
    ``commands`` (1 while it sends to actuators), ``listeners`` (number of subscriptions of an
    output) and ``ended`` (1 after an orderly end). The guard writes ``reached`` (number of its own
    subscriptions), ``ready`` (1 once that number matched), ``acted_s`` (steady seconds of its last
    action) and ``watch_s`` (steady seconds of its last check).
    """

    def __init__(self, descriptor: int | None = None, outputs: int = 1) -> None:
        if descriptor is None:
            descriptor = os.memfd_create('digiphys_gate')
            os.ftruncate(descriptor, outputs * len(FIELDS) * 8)
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, 0)
        # this view stores a number atomically; `struct` writes zero first
        self._numbers = memoryview(self._memory).cast('d')

    def read(self, name: str, output: int = 0) -> float:
        """Return one number; 0 until it is written."""
        return float(self._numbers[output * len(FIELDS) + FIELDS[name]])

    def write(self, name: str, value: float, output: int = 0) -> None:
        """Write one number."""
        self._numbers[output * len(FIELDS) + FIELDS[name]] = value

    def close(self) -> None:
        """Unmap the memory."""
        self._numbers.release()
        self._memory.close()
        os.close(self.descriptor)
