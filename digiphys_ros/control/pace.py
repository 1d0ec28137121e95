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

"""When the outputs of a gate are sent: one in each period."""


class Pace:
    """
    Keep the outputs of one actuator at a fixed rate although new commands are sent at once.

    A new command is sent at once, and replaces the output at the end of its period. A second
    command in the same period waits for that end.

    Example::

        >>> pace = Pace()
        >>> pace.should_send(new=True, due=False)
        True
        >>> pace.should_send(new=False, due=True)
        False
        >>> pace.should_send(new=False, due=True)
        True
    """

    def __init__(self) -> None:
        self._is_ahead = self._waits = False

    def should_send(self, *, new: bool, due: bool) -> bool:
        """
        Return whether to send now.

        :param new: there is a new command.
        :param due: a period ends.
        """
        self._waits |= new
        if due and not self._is_ahead:
            self._waits = False
            return True
        self._is_ahead &= not due
        if self._is_ahead or not self._waits:
            return False
        self._waits, self._is_ahead = False, True
        return True
