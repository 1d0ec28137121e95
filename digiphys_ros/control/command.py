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
"""Desired commands, and the reasons to refuse one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class DesiredCommand:
    """
    A command that the policy requests.

    :ivar values: field name to value, in the field's unit.
    :ivar stamp_s: capture time of its image, seconds on the node's clock.

    Example::

        >>> DesiredCommand({'linear.x': 0.1}, stamp_s=10.0).values['linear.x']
        0.1
    """

    values: Mapping[str, float]
    stamp_s: float


class Refusal(Enum):
    """Why a desired command was not accepted."""

    INACTIVE = 'inactive'
    ESTOPPED = 'estopped'
    NOT_FINITE = 'not_finite'
    UNKNOWN_FIELD = 'unknown_field'
    MISSING_FIELD = 'missing_field'
    NOT_BOOL = 'not_bool'
    FUTURE = 'future'
    STALE = 'stale'
    REPEATED = 'repeated'
    OUT_OF_ORDER = 'out_of_order'


FAULTS = frozenset({Refusal.NOT_FINITE, Refusal.UNKNOWN_FIELD, Refusal.MISSING_FIELD,
                    Refusal.NOT_BOOL, Refusal.FUTURE})
"""
Refusals that prove a fault of the sender or its clock: they lead to the safe state at once.

A stale, repeated or late command may be a valid one that was delayed or delivered twice. The
previous command then stays in force for the rest of its own lease, and no longer.
"""
