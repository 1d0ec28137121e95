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

"""The exceptions of the package: each message is a sentence with the fix."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

SENTENCE_BEGIN, SENTENCE_END = 1000, 400
"""Characters of a longer sentence that are shown: file and field come first, the fix last."""


class DigiphysError(Exception):
    """
    Base of every error that this package raises on purpose.

    As text it is one line of printable characters, even if names in a file have others.

    Example::

        >>> import digiphys_ros as dp
        >>> try:
        ...     dp.load('no_such_model')
        ... except DigiphysError as error:
        ...     print(type(error).__name__)
        ConfigError
    """

    def __str__(self) -> str:
        return one_line(super().__str__())


class FrameError(DigiphysError):
    """
    Raise when an image message does not match its own fields.

    Example::

        >>> import digiphys_ros as dp
        >>> dp.load('sorting_line')([[1, 2]])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.FrameError: an image is a uint8 array or the path ...
    """


class BundleError(DigiphysError):
    """
    Raise when a model bundle is incomplete, was changed, or fails its golden check.

    Example::

        >>> from digiphys_ros.bundles import load_bundle
        >>> load_bundle('nowhere')  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.BundleError: nowhere is not a model bundle: ...
    """


class EngineError(DigiphysError):
    """
    Raise when no inference engine can run a bundle on this machine.

    Example::

        >>> import digiphys_ros as dp
        >>> dp.load('sorting_line', engine='magic')  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.EngineError: engine "magic" is unknown, ...
    """


class ConfigError(DigiphysError):
    """
    Raise when a YAML file or a parameter has an invalid value.

    Example::

        >>> import digiphys_ros as dp
        >>> dp.load_rules('traffic_signs_rules').actuator('bse')  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.ConfigError: the rules have no actuator "bse" (did you mean base?), ...
    """


class DurationError(ConfigError, ValueError):
    """
    Raise when a duration is not finite or out of range.

    Example::

        >>> import digiphys_ros as dp
        >>> base = dp.load_rules('traffic_signs_rules').actuator('base')
        >>> dp.Gate(base, lease_s=-1)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.DurationError: lease_s must be ..., received -1.
    """


class SourceError(DigiphysError):
    """
    Raise when a camera source cannot be opened or read.

    Example::

        >>> import digiphys_ros as dp
        >>> dp.load('sorting_line')('nowhere.png')  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.SourceError: nowhere.png: cannot be read: ...
    """


class DatasetError(DigiphysError):
    """
    Raise when a data set cannot be read or split.

    Example::

        >>> import digiphys_ros as dp
        >>> dp.evaluate('sorting_line', dp.__file__)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.DatasetError: ...: is no data set; ...
    """


class UsageError(DigiphysError):
    """
    Raise when a command line asks for something that does not exist.

    Example::

        >>> import digiphys_ros as dp
        >>> dp.evaluate('sorting_line', 'nowhere.npz')
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.UsageError: nowhere.npz: no such file or folder.
    """


class SimulationError(DigiphysError):
    """Raise when the simulator cannot run here, or cannot show what is asked for."""


class TrainingError(DigiphysError):
    """
    Raise when a training cannot continue.

    Example::

        >>> import digiphys_ros as dp
        >>> dp.train('mlp', 'other.npz', 'out', resume=True)  # doctest: +SKIP
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.TrainingError: out.training/...: belongs to another recipe ...
    """


class BenchmarkError(DigiphysError):
    """Raise when the program under measurement does not run."""


class AdviceError(DigiphysError):
    """
    Raise when an advice or a decision does not belong to a case.

    Example::

        >>> from digiphys_ros.advice.queue import ReviewQueue
        >>> ReviewQueue().decide('camera@1')  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.AdviceError: there is no case camera@1: ...
    """


class AuditError(DigiphysError):
    """
    Raise when an audit log cannot be written, or was changed.

    Example::

        >>> from pathlib import Path
        >>> from digiphys_ros.advice import verify
        >>> try:
        ...     verify(Path('nowhere'))
        ... except AuditError as error:
        ...     print(type(error).__name__)
        AuditFileError
    """


class AuditFileError(AuditError):
    """
    Raise when an audit log or its key cannot be read or written at all.

    Example::

        >>> from pathlib import Path
        >>> from digiphys_ros.advice import verify
        >>> verify(Path('nowhere'))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        digiphys_ros.errors.AuditFileError: nowhere: cannot be read: ...
    """


def one_line(text: str) -> str:
    r"""
    Return a text as one line that is safe to print: control characters are escaped.

    Example::

        >>> print(one_line('a\x1b[2J.png'))
        a\x1b[2J.png
    """
    if len(text) > SENTENCE_BEGIN + SENTENCE_END:
        text = f'{text[:SENTENCE_BEGIN]} ... {text[-SENTENCE_END:]}'
    return text if text.isprintable() else ''.join(
        sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """
    Return a suggestion for a misspelt name.

    :param allowed: the names that exist.
    :return: text for the end of a clause, empty if no name is similar.

    Example::

        >>> did_you_mean('leese_s', ['lease_s', 'rate_hz'])
        ' (did you mean lease_s?)'
    """
    nearest = get_close_matches(name, allowed, 1)
    return f' (did you mean {nearest[0]}?)' if nearest else ''


def first_problem(error: Any, whole: str) -> str:
    """
    Return field, fault and value of the first error that pydantic found.

    :param error: a ValidationError; the type is not imported here.
    :param whole: replaces the field if the fault is in the whole.
    """
    problem = error.errors()[0]
    field = '.'.join(map(str, problem['loc'])) or whole
    return f'field `{field}`: {problem["msg"]}, received {repr(problem["input"])[:80]}'
