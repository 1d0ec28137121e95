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

"""What a gate and its guard know of each other, in memory that both have mapped."""

import mmap
import os

FIELDS = {name: place for place, name in enumerate((
    'beat_s', 'clock_s', 'commands', 'listeners', 'ended', 'ready', 'reached', 'acted_s',
    'watch_s'))}

GUARD = '_guard'
"""What follows a gate's name in that of its guard."""


class Heartbeat:
    """
    Numbers in shared memory, each written by one side alone.

    :param outputs: how many actuators have numbers of their own.
    :ivar descriptor: of the memory; a child that inherits it calls ``Heartbeat(descriptor)``.

    The gate writes ``beat_s`` (steady seconds of its last turn), ``clock_s`` (its clock then),
    ``commands`` (1 while actuators hear from it), ``listeners`` (how many subscriptions hear an
    output) and ``ended`` (1 after an orderly end). The guard writes ``reached`` (how many would
    hear it), ``ready`` (1 once they were as many), ``acted_s`` (steady seconds when it last acted)
    and ``watch_s`` (the same when it last looked).
    """

    def __init__(self, descriptor: int | None = None, outputs: int = 1) -> None:
        if descriptor is None:
            descriptor = os.memfd_create('digiphys_gate')
            os.ftruncate(descriptor, outputs * len(FIELDS) * 8)
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, 0)
        # a number of this view is stored at once; `struct` writes zero before it writes a number
        self._numbers = memoryview(self._memory).cast('d')

    def read(self, name: str, output: int = 0) -> float:
        """Return one number, 0 before it was written."""
        return float(self._numbers[output * len(FIELDS) + FIELDS[name]])

    def write(self, name: str, value: float, output: int = 0) -> None:
        """Write one number."""
        self._numbers[output * len(FIELDS) + FIELDS[name]] = value

    def close(self) -> None:
        """Unmap the memory."""
        self._numbers.release()
        self._memory.close()
        os.close(self.descriptor)
