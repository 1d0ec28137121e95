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

"""What a rules file says about votes and rules."""

from typing import Annotated

from digiphys_ros.control.validation import Finite, Problem, refuse, STRICT
from pydantic import BaseModel, Field, model_validator

ABSTAIN = 'abstain'
"""The word a rule uses for a classification without a result."""

Score = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Magnitude = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Votes(BaseModel):
    """
    A class counts once it has ``needed`` of the last ``window`` classifications.

    :ivar max_age_s: an image this much older than the newest has no vote: after a pause nothing
        is decided on what was seen before it. One this old when it arrives shows no class.
    :ivar max_unsure_s: longest time between captures for which a command may move an actuator
        while no class is recognised; then the safe state, until all of it is taken off again.
        Images without a class and late ones add to it, images with one take off. The time of a
        hold does neither.
    """

    model_config = STRICT

    window: Annotated[int, Field(ge=1, le=1000)] = 5
    needed: Annotated[int, Field(ge=1)] = 3
    max_age_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0
    max_unsure_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0

    @model_validator(mode='after')
    def _reachable(self) -> 'Votes':
        if self.needed > self.window:
            refuse('Votes', (('needed',), f'must not exceed window, which is {self.window}',
                             self.needed))
        return self


class Rule(BaseModel):
    """
    What to command while some classes are seen.

    :ivar when: classes, groups or ``abstain``; a default rule has none.
    :ivar min_score: score from which a classification votes for the rule.
    :ivar release_score: lower score at which it still votes once the rule is taken.
    :ivar hold_s: shortest time the rule stays, unless a rule above it takes over.
    :ivar linger_s: time it stays after its classes had the votes last, unless a rule above it
        takes over: what was seen has left the image and is still on its way.
    :ivar release_after_s: longest time; then the rule waits until its classes were gone.
    :ivar rearm_after_s: longest wait; then it may be taken again with its classes still in view:
        a stop too far away does not use up the one at the sign. None waits for good.
    :ivar remember: greatest magnitudes by actuator and field that no rule's command exceeds from
        now on, until another rule with ``remember`` is taken; an empty one ends them: a speed
        limit holds when its sign is passed.
    """

    model_config = STRICT

    name: Annotated[str, Field(min_length=1)]
    when: list[str] = []
    default: bool = False
    min_score: Score = 0.5
    release_score: Score | None = None
    hold_s: Seconds = 0.0
    linger_s: Seconds = 0.0
    release_after_s: Seconds | None = None
    rearm_after_s: Seconds | None = None
    remember: dict[str, dict[str, Magnitude]] | None = None
    command: dict[str, dict[str, Finite]]

    @model_validator(mode='after')
    def _consistent(self) -> 'Rule':
        problems: list[Problem] = []
        if self.default == bool(self.when):
            problems.append((('when',), 'a rule has either `when` or `default: true`', self.when))
        if self.release_score is not None and self.release_score > self.min_score:
            problems.append((('release_score',),
                             f'must not exceed min_score, which is {self.min_score}',
                             self.release_score))
        if self.release_after_s is not None and self.release_after_s < self.hold_s:
            problems.append((('release_after_s',),
                             f'must not be below hold_s, which is {self.hold_s}',
                             self.release_after_s))
        if self.default and self.release_after_s is not None:
            problems.append((('release_after_s',), 'a default rule has no other to give way to',
                             self.release_after_s))
        if self.rearm_after_s is not None and self.release_after_s is None:
            problems.append((('rearm_after_s',), 'needs `release_after_s`: only a rule that ran '
                             'out waits', self.rearm_after_s))
        refuse('Rule', *problems)
        return self
