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

"""Votes and rules of a rules file."""

from typing import Annotated

from digiphys_ros.control.validation import Finite, Problem, refuse, STRICT
from digiphys_ros.renamed import renamed_keys
from pydantic import BaseModel, Field, model_validator

ABSTAIN = 'abstain'
"""The word in ``when`` for a classification without a result."""

Score = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Magnitude = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Votes(BaseModel):
    """
    A class counts once it has ``needed`` of the last ``window`` classifications.

    :ivar max_age_s: an image this much older than the newest has no vote: after a pause, earlier
        images no longer count. An image this old on arrival counts as one without a class.
    :ivar max_unsure_s: longest capture time for which a command may move an actuator while no
        class is recognised; then the safe state, until all of that time is paid back. Images
        without a class and late images add to it, images with a class subtract from it. The time
        in which a rule is held does neither.
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
    A command for some classes.

    :ivar when: classes, groups or ``abstain``; a default rule has none.
    :ivar min_score: score from which a classification votes for the rule.
    :ivar release_score: lower score at which it still votes once the rule is taken.
    :ivar min_hold_s: shortest time that the rule stays active; a rule above it may still take
        over.
    :ivar off_delay_s: time that the rule stays active after its classes last had the votes; a
        rule above it may still take over. An object that has left the image may still be ahead.
    :ivar max_hold_s: longest time that the rule stays active; then it waits until its classes
        are out of view.
    :ivar retrigger_after_s: longest such wait; then the rule may become active again while its
        classes are still in view. A stop too far away does not use up the one at the sign. None
        waits without a limit.
    :ivar persistent_limit: greatest magnitudes by actuator and field, which no rule's command
        exceeds from now on, until another rule with a ``persistent_limit`` becomes active; an
        empty one removes them. A speed limit still applies after its sign is passed.
    """

    model_config = STRICT

    name: Annotated[str, Field(min_length=1)]
    when: list[str] = []
    default: bool = False
    min_score: Score = 0.5
    release_score: Score | None = None
    min_hold_s: Seconds = 0.0
    off_delay_s: Seconds = 0.0
    max_hold_s: Seconds | None = None
    retrigger_after_s: Seconds | None = None
    persistent_limit: dict[str, dict[str, Magnitude]] | None = None
    command: dict[str, dict[str, Finite]]

    _old_keys = renamed_keys(
        hold_s='min_hold_s', linger_s='off_delay_s', release_after_s='max_hold_s',
        rearm_after_s='retrigger_after_s', remember='persistent_limit')

    @model_validator(mode='after')
    def _consistent(self) -> 'Rule':
        problems: list[Problem] = []
        if self.default == bool(self.when):
            problems.append((('when',), 'a rule has either `when` or `default: true`', self.when))
        if self.release_score is not None and self.release_score > self.min_score:
            problems.append((('release_score',),
                             f'must not exceed min_score, which is {self.min_score}',
                             self.release_score))
        if self.max_hold_s is not None and self.max_hold_s < self.min_hold_s:
            problems.append((('max_hold_s',),
                             f'must not be below min_hold_s, which is {self.min_hold_s}',
                             self.max_hold_s))
        if self.default and self.max_hold_s is not None:
            problems.append((('max_hold_s',), 'a default rule has no other to give way to',
                             self.max_hold_s))
        if self.retrigger_after_s is not None and self.max_hold_s is None:
            problems.append((('retrigger_after_s',), 'needs `max_hold_s`: only a rule that ran '
                             'out waits', self.retrigger_after_s))
        refuse('Rule', *problems)
        return self
