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

"""The review queue: uncertain cases first; only a person's decision removes one."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

from digiphys_ros.errors import AdviceError


@dataclass(frozen=True)
class Case:
    """
    One image that waits for a decision.

    :ivar id: id of the image.
    :ivar label: the advised class, None for an abstention.
    :ivar margin: difference of the two best calibrated confidences, 0 to 1.
    :ivar arrival: index of its entry in the audit log.
    """

    id: str
    label: str | None
    margin: float
    arrival: int

    @property
    def urgency(self) -> tuple[bool, float, int]:
        """Return the sort key: abstentions first, then the smallest margin, then the oldest."""
        return self.label is not None, self.margin, self.arrival


def margin(scores: Sequence[tuple[str, float]]) -> float:
    """
    Return the difference of the two best confidences.

    :param scores: best first; a missing second one is at most the rest to 1.
    """
    if not scores:
        return 0.0
    best = scores[0][1]
    return best - (scores[1][1] if len(scores) > 1 else 1.0 - best)


class ReviewQueue:
    """Cases in order of review."""

    def __init__(self) -> None:
        self._open: list[Case] = []
        self._known: set[str] = set()

    def add(self, case: Case) -> None:
        """
        Add a case.

        :raises AdviceError: for an image with a case.
        """
        if case.id in self:
            raise AdviceError(f'image {case.id} has its case already: each image needs a stamp '
                              'of its own.')
        self._known.add(case.id)
        insort(self._open, case, key=lambda one: one.urgency)

    def decide(self, case_id: str) -> None:
        """
        Remove a decided case; a removed case may be decided again.

        :raises AdviceError: for an unknown case.
        """
        if case_id not in self:
            raise AdviceError(f'there is no case {case_id}: nothing was advised on that image.')
        self._open = [case for case in self._open if case.id != case_id]

    def position(self, case_id: str) -> int | None:
        """Return the position of an open case, 1 is next; else None."""
        return next((place for place, case in enumerate(self._open, 1) if case.id == case_id),
                    None)

    def __contains__(self, case_id: str) -> bool:
        return case_id in self._known

    @property
    def open(self) -> tuple[Case, ...]:
        """Return the open cases, in order of review."""
        return tuple(self._open)
