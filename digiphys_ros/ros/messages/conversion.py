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

"""What a kind of actuator has to offer to the nodes: its message, there and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from digiphys_ros.control import Actuator


class Conversion(Protocol):
    """Between the values of an actuator's fields and the message that it takes."""

    def message_type(self, actuator: Actuator) -> type:
        """
        Return the message class that the actuator takes.

        :raises ConfigError: when it is not installed.
        """

    def write(self, actuator: Actuator, values: Mapping[str, float], message: Any,
              reach_s: float) -> None:
        """
        Write values into a new message; its ``header`` is filled already, where it has one.

        :param values: by field name, checked by the gate; in limits, finite.
        :param reach_s: time in which positions are to be reached.
        """

    def read(self, actuator: Actuator, message: Any) -> tuple[Sequence[str], Sequence[float]]:
        """Return names and values of the fields in a message, as they are there."""
