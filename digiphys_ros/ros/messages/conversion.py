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

"""Interface of an actuator kind for the nodes: write and read its message."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from digiphys_ros.control import Actuator


class Conversion(Protocol):
    """Conversion between the values of an actuator's fields and its message."""

    def message_type(self, actuator: Actuator) -> type:
        """
        Return the message class of the actuator.

        :raises ConfigError: when it is not installed.
        """

    def write(self, actuator: Actuator, values: Mapping[str, float], message: Any,
              reach_s: float) -> None:
        """
        Write values into a new message; its ``header``, if it has one, is already filled.

        :param values: values by field name, checked by the gate: finite and within limits.
        :param reach_s: time in which positions must be reached.
        """

    def read(self, actuator: Actuator, message: Any) -> tuple[Sequence[str], Sequence[float]]:
        """Return names and values of the fields in a message, unchecked."""
