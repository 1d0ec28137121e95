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

"""Read the scalars of a parameters file as rcl does, which differs from YAML."""

import math
import re
import sys

_BOOLEANS = {word: value for value, words in (
    (True, 'y Y yes Yes YES true True TRUE on On ON'),
    (False, 'n N no No NO false False FALSE off Off OFF')) for word in words.split()}
_INTEGER = re.compile(r'[-+]?(?:0x[0-9a-f]+|0[0-7]*|[1-9]\d*)', re.ASCII | re.IGNORECASE)
_FLOAT = re.compile(r'[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|inf|infinity|nan)',
                    re.ASCII | re.IGNORECASE)
_SPECIAL = re.compile(r'\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF)')
_LARGEST = 2 ** 63


def read_scalar(text: str, *, quoted: bool = False) -> bool | int | float | str:
    """
    Return the value that ROS gives a parameter.

    Example::

        >>> read_scalar('y'), read_scalar('0x10'), read_scalar('1_000'), read_scalar('5e-1')
        (True, 16, '1_000', 0.5)

    :param quoted: whether the text is in quotes, and therefore a string.
    """
    if quoted:
        return text
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text) and -_LARGEST <= (number := _integer(text)) < _LARGEST:
        return number
    if _SPECIAL.fullmatch(text):
        return float(text.replace('.', ''))
    if _FLOAT.fullmatch(text):
        value = float(text)
        return text if _is_out_of_range(text.lower(), value) else value
    return text


def _is_out_of_range(text: str, value: float) -> bool:
    """Return whether a number is too large or too small, so that rcl reads it as text."""
    if 'n' in text:
        return False
    is_zero = re.search('[1-9]', text.partition('e')[0]) is None
    return math.isinf(value) or (abs(value) < sys.float_info.min and not is_zero)


def _integer(text: str) -> int:
    digits = text.lstrip('+-').lower()
    base = 16 if digits.startswith('0x') else 8 if digits.startswith('0') else 10
    return int(text, base)
