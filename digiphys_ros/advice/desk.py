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

"""The review desk: publish advice and take decisions, both through the audit log."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
import math

from digiphys_ros.advice.audit import AuditLog
from digiphys_ros.advice.chain import Entry
from digiphys_ros.advice.explanation import Explanation
from digiphys_ros.advice.queue import Case, margin, ReviewQueue
from digiphys_ros.advice.reason import reason
from digiphys_ros.errors import AdviceError, AuditError


@dataclass(frozen=True)
class Image:
    """
    The identity of an image.

    :ivar id: id of the case, see ``case_id``.
    :ivar sha256: SHA-256 of its bytes as received; empty if unknown.
    """

    id: str
    sha256: str = ''


@dataclass(frozen=True)
class Model:
    """The advising bundle, and the confidence below which it abstains."""

    name: str
    hash: str
    abstain_below: float | None = None


@dataclass(frozen=True)
class Advice:
    """
    One published advice.

    :ivar label: None for an abstention.
    :ivar position: position in the review queue; 1 is next.
    :ivar waiting: number of open cases, this one included.
    :ivar entry: its entry in the audit log.
    """

    case: str
    label: str | None
    score: float
    reason: str
    position: int
    waiting: int
    entry: Entry


def case_id(frame_id: str, sec: int, nanosec: int) -> str:
    """Return the case id of an image, from its header."""
    return f'{frame_id}@{sec}.{nanosec:09d}'


_FIELDS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    'advice': {'case': (str,), 'label': (str, type(None)), 'margin': (float, int),
               'reason': (str,)},
    'decision': {'case': (str,)}}


def review(entries: Iterable[Entry]) -> ReviewQueue:
    """
    Return the queue after the entries of a log.

    :raises AuditError: for an entry that no desk writes.
    """
    queue = ReviewQueue()
    for entry in entries:
        _follow(queue, entry)
    return queue


def _follow(queue: ReviewQueue, entry: Entry) -> None:
    for name, types in _FIELDS.get(entry['kind'], {}).items():
        if type(entry.get(name)) not in types:
            raise AuditError(f'entry {entry["index"]} of the audit log is no {entry["kind"]} that '
                             f'a desk wrote: field `{name}` is {repr(entry.get(name))[:80]}; keep '
                             'the file for the record and name another one.')
    try:
        if entry['kind'] == 'advice':
            queue.add(Case(entry['case'], entry['label'], entry['margin'], entry['index']))
        elif entry['kind'] == 'decision':
            queue.decide(entry['case'])
    except AdviceError as error:
        raise AuditError(f'entry {entry["index"]} of the audit log: {error}') from error


class Desk:
    """
    Give advice, keep the queue, take decisions.

    :param log: the log; its open cases are queued again.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._unread: deque[Entry] = deque()
        self._queue = ReviewQueue()
        self._catch_up()

    @property
    def queue(self) -> ReviewQueue:
        """
        Return the queue, with the decisions of other processes.

        :raises AuditError: when the log was changed, or holds an entry that no desk writes.
        """
        self._catch_up()
        return self._queue

    def _catch_up(self) -> None:
        self._unread.extend(self._log.follow())
        while self._unread:
            _follow(self._queue, self._unread[0])
            # after the entries: a refused entry is refused again
            self._unread.popleft()

    def advise(self, image: Image, scores: Sequence[tuple[str, float]], model: Model,
               now_s: float, explanation: Explanation | None = None) -> Advice:
        """
        Log one advice and queue its case, before it is published.

        :param scores: classes with calibrated confidence, best first; empty for an abstention.
        :param explanation: the part of the image that the best class depends on, if known.
        :raises AuditError: when it cannot be logged; then there is no advice.
        :raises AdviceError: for an image with a case, or invalid confidences.
        """
        if image.id in self.queue:
            raise AdviceError(f'image {image.id} has its case already: each image needs a stamp '
                              'of its own.')
        for label, score in scores:
            if not (math.isfinite(score) and 0.0 <= score <= 1.0):
                raise AdviceError(f'image {image.id}: {label} has a score of {score}, and a '
                                  'calibrated confidence is from 0 to 1.')
        best: tuple[str | None, float] = scores[0] if scores else (None, 0.0)
        why = reason(scores, model.abstain_below, explanation)
        entry = self._log.append(
            'advice', now_s, case=image.id, sha256=image.sha256, bundle=model.name,
            bundle_hash=model.hash, scores=[[one, round(value, 6)] for one, value in scores],
            label=best[0], margin=round(margin(scores), 6), reason=why,
            explanation=None if explanation is None else asdict(explanation))
        queue = self.queue
        return Advice(image.id, *best, why, queue.position(image.id) or 0, len(queue.open), entry)

    def decide(self, case: str, label: str, reader: str, note: str, now_s: float) -> Entry:
        """
        Log a decision and remove the case from the queue.

        :raises AdviceError: for an unknown case, or a decision without class or reader.
        :raises AuditError: when it cannot be logged; then the case stays in the queue.
        """
        if case not in self.queue:
            raise AdviceError(f'there is no case {case}: nothing was advised on that image.')
        if not label.strip() or not reader.strip():
            raise AdviceError(f'case {case}: a decision needs a class and who decided, received '
                              f'"{label}" by "{reader}".')
        entry = self._log.append(
            'decision', now_s, case=case, label=label, reader=reader, note=note)
        self._catch_up()
        return entry
