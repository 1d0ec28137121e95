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

"""Durations in a readable form."""

UNITS = (('days', 86400.0, 172800.0), ('h', 3600.0, 7200.0), ('min', 60.0, 120.0),
         ('s', 1.0, 1.0))
"""Name, length and shortest duration of each unit, in seconds."""


def duration_text(seconds: float) -> str:
    """
    Return a duration in a suitable unit, with about three digits.

    :param seconds: any number.

    Example::

        >>> duration_text(0.0123), duration_text(-3.5), duration_text(7.2e5)
        ('12.3 ms', '-3.5 s', '8.33 days')
    """
    name, size = next(((name, size) for name, size, least_s in UNITS if abs(seconds) >= least_s),
                      ('ms', 1e-3))
    number = seconds / size
    return f'{number:.0f} {name}' if 1000 <= abs(number) < 1e9 else f'{number:.3g} {name}'
