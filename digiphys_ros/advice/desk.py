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

"""The desk: advice goes out over it and decisions come in, both through the audit log."""

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
    Which image.

    :ivar id: its case, see ``case_id``.
    :ivar sha256: of its bytes as they came, empty where nobody saw them.
    """

    id: str
    sha256: str = ''


@dataclass(frozen=True)
class Model:
    """Which bundle advises, and the confidence under which it abstains."""

    name: str
    hash: str
    abstain_below: float | None = None


@dataclass(frozen=True)
class Advice:
    """
    One advice as it goes out.

    :ivar label: None where the classifier abstained.
    :ivar position: its place in the review queue, 1 is the next to look at.
    :ivar waiting: how many cases are open, this one included.
    :ivar entry: what the audit log holds of it.
    """

    case: str
    label: str | None
    score: float
    reason: str
    position: int
    waiting: int
    entry: Entry


def case_id(frame_id: str, sec: int, nanosec: int) -> str:
    """Return the case of an image, which is its header."""
    return f'{frame_id}@{sec}.{nanosec:09d}'


_FIELDS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    'advice': {'case': (str,), 'label': (str, type(None)), 'margin': (float, int),
               'reason': (str,)},
    'decision': {'case': (str,)}}


def review(entries: Iterable[Entry]) -> ReviewQueue:
    """
    Return the queue that a log's entries lead to.

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
    Advise, queue, take decisions.

    :param log: what is in it already is in the queue again.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._unread: deque[Entry] = deque()
        self._queue = ReviewQueue()
        self._catch_up()

    @property
    def queue(self) -> ReviewQueue:
        """
        Return the queue, with what other processes decided meanwhile.

        :raises AuditError: when the log was changed, or holds an entry that no desk writes.
        """
        self._catch_up()
        return self._queue

    def _catch_up(self) -> None:
        self._unread.extend(self._log.follow())
        while self._unread:
            _follow(self._queue, self._unread[0])
            # after it: an entry that is refused once is refused again
            self._unread.popleft()

    def advise(self, image: Image, scores: Sequence[tuple[str, float]], model: Model,
               now_s: float, explanation: Explanation | None = None) -> Advice:
        """
        Log one advice and put its case into the queue; only then it may go out.

        :param scores: classes with their calibrated confidence, best first; none when abstained.
        :param explanation: what the best class hangs on, where it is known.
        :raises AuditError: when it could not be logged: there is no such advice then.
        :raises AdviceError: for an image that has its case, or scores that are no confidences.
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
        Log what a person decided and take the case out of the queue.

        :raises AdviceError: for a case that never was, or a decision without class or reader.
        :raises AuditError: when it could not be logged: the case stays in the queue then.
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
