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

"""Give advice on classifications and their images."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
import hashlib
from pathlib import Path
from typing import Any

from digiphys_ros.advice.audit import AuditLog
from digiphys_ros.advice.desk import Advice, Desk, Image, Model
from digiphys_ros.advice.explanation import Explainer, Explanation
from digiphys_ros.advice.queue import Case
from digiphys_ros.advice.verify import read_key
from digiphys_ros.errors import AdviceError, AuditError, ConfigError, DigiphysError, FrameError
from digiphys_ros.perception.frame import Frame

KEPT_DIGESTS, KEPT_IMAGES = 100, 5
Buffer = bytes | bytearray | memoryview


def open_log(path: str | Path, key_file: str) -> AuditLog:
    """
    Open the audit log of the parameters of the node triage.

    :param key_file: empty: no key.
    :raises ConfigError: naming the parameter; a changed log is refused.
    """
    try:
        key = read_key(key_file) if key_file else b''
    except AuditError as error:
        raise ConfigError(f'parameter `audit_key`: {error}') from error
    try:
        return AuditLog(Path(path).expanduser(), key)
    except (AuditError, RuntimeError) as error:
        raise ConfigError(f'parameter `audit_log`: {error}') from error


class Advisor:
    """
    Give advice and take decisions; both are logged first.

    Example::

        advisor = Advisor(open_log(path, ''))
        advisor.model = Model('chest_xray', content_hash)
        advisor.see(case, pixels_as_bytes)
        advice = advisor.advise(case, [('effusion', 0.81)], now_s)

    :param explainer: finds the part of the image that an answer depends on; None omits it.
    :ivar model: the classifying bundle; None while it is unknown.
    :ivar unlogged: why nothing is published, else ''.
    """

    def __init__(self, log: AuditLog, explainer: Explainer | None = None) -> None:
        self.log = log
        self.model: Model | None = None
        self.unlogged = self._refused = self.unexplained = ''
        self._explainer = explainer
        try:
            self._desk = Desk(log)
        except (AuditError, RuntimeError) as error:
            raise ConfigError(f'parameter `audit_log`: {error}') from error
        self._digests: OrderedDict[str, str] = OrderedDict()
        self._images: OrderedDict[str, Callable[[], Frame]] = OrderedDict()
        self._counts = {'advised': 0, 'abstained': 0, 'decided': 0, 'refused': 0, 'unlogged': 0,
                        'unexplained': 0}

    def restart(self) -> None:
        """Reset model and errors."""
        self.unlogged = self._refused = ''
        self.model = None

    def see(self, case: str, data: Buffer, decode: Callable[[], Frame] | None = None) -> None:
        """
        Keep an image for a short time.

        :param data: its bytes as received.
        :param decode: returns its frame, for the explainer.
        """
        self._digests[case] = hashlib.sha256(data).hexdigest()
        if self._explainer is not None and decode is not None:
            self._images[case] = decode
        while len(self._digests) > KEPT_DIGESTS:
            self._digests.popitem(last=False)
        while len(self._images) > KEPT_IMAGES:
            self._images.popitem(last=False)

    def advise(self, case: str, results: Sequence[tuple[str, float]], now_s: float
               ) -> Advice | None:
        """
        Return the logged advice on one classification; None while the model is unknown.

        :param results: classes with scores in any order; empty for an abstention.
        :raises DigiphysError: when it is refused or cannot be logged; then nothing is published.
        """
        if self.model is None:
            self._counts['refused'] += 1
            return None
        scores = sorted(results, key=lambda one: -one[1])
        advice = self._desk.advise(
            Image(case, self._digests.get(case, '')), scores, self.model, now_s,
            self._explanation(case, scores, self.model))
        self.unlogged = self._refused = ''
        self._counts['advised'] += 1
        self._counts['abstained'] += advice.label is None
        return advice

    def _explanation(self, case: str, scores: Sequence[tuple[str, float]], model: Model
                     ) -> Explanation | None:
        decode = self._images.pop(case, None)
        if decode is None or self._explainer is None:
            return None
        try:
            found = self._explainer(decode(), scores, model.hash)
            self.unexplained = ''
            return found
        except FrameError as error:
            self._counts['unexplained'] += 1
            self.unexplained = str(error)
            return None

    def decide(self, case: str, label: str, reader: str, note: str, now_s: float) -> None:
        """
        Take a person's decision.

        :raises DigiphysError: when it is refused, or cannot be logged.
        """
        self._desk.decide(case, label, reader, note, now_s)
        self._counts['decided'] += 1

    def refuse(self, error: DigiphysError) -> None:
        """Count a refused advice or decision."""
        if isinstance(error, AdviceError):
            self._counts['refused'] += 1
            self._refused = str(error)
        else:
            self._counts['unlogged'] += 1
            self.unlogged = str(error)

    def problem(self, *, active: bool, duplicates: str = '') -> str:
        """
        Return the problem, else ''.

        :param active: whether classifications are received.
        :param duplicates: a sentence if there are several models.
        """
        if self.unlogged or self._refused:
            return self.unlogged or self._refused
        if active and self.model is None:
            return 'waits for vision_info, which describes the model'
        if self._explainer and self.model and self._explainer.hash != self.model.hash:
            return (f'parameter `bundle`: is not {self.model.name}, which classifies: reasons do '
                    'not name the part of the image')
        return duplicates

    def figures(self) -> Mapping[str, Any]:
        """Return counts, open cases and the state of the log."""
        waiting = self._open_cases()
        return {**self._counts, 'open': len(waiting), 'next': waiting[0].id if waiting else '',
                'audit_head': self.log.head, 'audit_log': self.log.path}

    def _open_cases(self) -> tuple[Case, ...]:
        try:
            return tuple(self._desk.queue.open)
        except AuditError as error:
            self.unlogged = str(error)
            return ()
