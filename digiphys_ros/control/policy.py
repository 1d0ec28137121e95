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

"""The policy: turn classes over time into one desired command per actuator."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math

from digiphys_ros.control.command import DesiredCommand
from digiphys_ros.control.config import ControlConfig
from digiphys_ros.control.rules import ABSTAIN, Rule
from digiphys_ros.control.unsure_time import UnsureTime
from digiphys_ros.errors import ConfigError

SCORE_TOLERANCE = 1e-6
"""How far beyond 0 and 1 a score may be: a softmax in float32 is rounded."""

LATE_IMAGES = 3
"""So many late images in a row, in order among themselves, mean that a clock was set back."""

LATE = 'the images come late, or in no order'

NOT_RECOGNISED = 'no class recognised'
"""Reported instead of a rule while every actuator is in its safe state without a class."""


@dataclass(frozen=True)
class Observation:
    """
    The best class of one image.

    :ivar class_id: its name, None when the classifier abstained.
    :ivar score: its probability, 0 to 1.
    :ivar stamp_s: capture time of the image in seconds.
    :ivar age_s: time from then until now, 0 if unknown.

    Example::

        >>> Observation('stop', 1.2, stamp_s=10.0).problem
        'a score from 0 to 1 is needed, received 1.2 for "stop"'
    """

    class_id: str | None
    score: float
    stamp_s: float
    age_s: float = 0.0

    @property
    def problem(self) -> str:
        """
        Return why no classifier can have sent this.

        :return: a clause with the value that was received; empty if the observation is valid.
        """
        if self.class_id == '':
            return 'a classification names no class: its class_id is empty'
        if self.class_id == ABSTAIN:
            return f'a class cannot have the name "{ABSTAIN}": rules reserve it for no class'
        # `not <=` also refuses a score that is not a number
        if not -SCORE_TOLERANCE <= self.score <= 1.0 + SCORE_TOLERANCE:
            return f'a score from 0 to 1 is needed, received {self.score} for "{self.class_id}"'
        return ''


def best_of(results: Iterable[tuple[str, float]], stamp_s: float, age_s: float = 0.0
            ) -> Observation:
    """Return the best class of one image, an abstention for none, or the first invalid one."""
    seen = [Observation(class_id, score, stamp_s, age_s) for class_id, score in results]
    invalid = next((one for one in seen if one.problem), None)
    return invalid or max(
        seen, key=lambda one: one.score, default=Observation(None, 0.0, stamp_s, age_s))


@dataclass(frozen=True)
class Decision:
    """
    The decision after one image.

    :ivar rule: the active rule, None before enough votes, ``NOT_RECOGNISED`` while the safe
        state is commanded without a class.
    :ivar commands: one command per actuator; none before enough votes or without a new image.
    :ivar changed: whether the rule differs from that after the previous observation.
    :ivar reason_unrecognised: why this image shows no class; empty if it shows one, or nothing
        is decided.

    Example::

        >>> import digiphys_ros as dp
        >>> policy = dp.Policy(dp.load_rules('traffic_signs_rules'))
        >>> decision = policy.update(Observation('stop', 0.99, stamp_s=10.0))
        >>> decision.rule, decision.commands  # one vote is not enough
        (None, {})
    """

    rule: str | None
    commands: Mapping[str, DesiredCommand]
    changed: bool = False
    reason_unrecognised: str = ''


class Policy:
    """
    Apply the rules of a configuration to one observation after another.

    Time is capture time: a hold of one second is one second between captures. Every command has
    the stamp of its image. Without a new image there is no command, and the gate's lease ends the
    previous one. There is no command before ``votes.needed`` images, for a repeated image, which
    has no second vote either, or for a late image. A capture time that goes back by more than
    ``votes.max_age_s``, or for ``LATE_IMAGES`` images, restarts the policy: the clock was set, or
    a recording started again. A ``persistent_limit`` outlasts its rule and such a restart; so
    does the time without a class.

    :param config: the rules.
    :raises ConfigError: when ``config`` is not a ControlConfig.

    Example::

        >>> import digiphys_ros as dp
        >>> policy = dp.Policy(dp.load_rules('traffic_signs_rules.yaml'))
        >>> for index in range(5):
        ...     decision = policy.update(Observation('stop', 0.99, stamp_s=10.0 + index / 15))
        >>> decision.rule, decision.commands['base'].values['linear.x']
        ('halt', 0.0)
    """

    def __init__(self, config: ControlConfig) -> None:
        if not isinstance(config, ControlConfig):
            raise ConfigError('a policy needs rules, such as load_rules(NAME), received '
                              f'{type(config).__name__}.')
        self._votes = config.votes
        # the default rule comes last, at any place in the file
        self._rules = sorted(config.rules, key=lambda rule: rule.default)
        self._classes = {rule.name: config.classes(rule) for rule in config.rules}
        self._commands = {rule.name: config.command(rule) for rule in config.rules}
        self._safe = config.safe_command()
        self._retrigger_after_s = {rule.name: rule.retrigger_after_s for rule in config.rules}
        self._bounds: Mapping[str, Mapping[str, float]] = {}
        self._reported: str | None = None
        self._unsure, self._period_s = UnsureTime(self._votes.max_unsure_s), 0.0
        self._restart()

    def _restart(self) -> None:
        self._seen: deque[Observation] = deque(maxlen=self._votes.window)
        self._late, self._late_s = 0, -math.inf
        self._rule: Rule | None = None
        self._since_s = 0.0
        self._wanted_s = 0.0
        self._spent_s: dict[str, float] = {}
        self._decided_s: float | None = None
        self._held_until_s = -math.inf

    def update(self, observation: Observation) -> Decision:
        """
        Return what to command after one more image; an invalid observation is ignored.

        :param observation: the best class of the image, with its capture time in seconds.
        :return: the rule, and a command for each actuator, stamped with that capture time. There
            are no commands before enough votes, and for an image that is repeated or late.
        """
        stamp_s = observation.stamp_s
        if observation.problem or not self._is_new(stamp_s):
            return Decision(self._reported, {}, reason_unrecognised=LATE if self._late else '')
        if self._seen:
            self._period_s = min(stamp_s - self._seen[-1].stamp_s, self._votes.max_age_s)
        self._seen.append(observation)
        while stamp_s - self._seen[0].stamp_s > self._votes.max_age_s:
            self._seen.popleft()
        if len(self._seen) < self._votes.needed:
            self._rule, self._spent_s = None, {}
            return self._decision(None, {}, stamp_s)
        before = self._rule
        rule = self._choose(stamp_s)
        if rule is not before and rule.persistent_limit is not None:
            self._bounds = rule.persistent_limit
        recognised = self._is_recognised(observation)
        self._count_unsure(recognised, self._held(rule, before, stamp_s), stamp_s)
        reason = '' if recognised else self._reason_unrecognised(observation)
        if self._unsure.is_over:
            return self._decision(NOT_RECOGNISED, self._safe, stamp_s, reason)
        return self._decision(rule.name, {
            name: self._bound(name, values)
            for name, values in self._commands[rule.name].items()}, stamp_s, reason)

    def _decision(self, reported: str | None, commands: Mapping[str, Mapping[str, float]],
                  stamp_s: float, reason: str = '') -> Decision:
        changed, self._reported = reported != self._reported, reported
        return Decision(reported, {name: DesiredCommand(values, stamp_s)
                                   for name, values in commands.items()}, changed, reason)

    def _is_recognised(self, seen: Observation) -> bool:
        """Return whether this image shows a class, now and not long ago."""
        # this image counts, not whether old votes are still enough: a wide window keeps them long
        return seen.age_s <= self._votes.max_age_s and any(
            self._voted_s(one) == seen.stamp_s for one in self._rules)

    def _held(self, rule: Rule, before: Rule | None, now_s: float) -> bool:
        """Return whether a class still holds its rule; an abstention never holds one."""
        if rule is not before:
            self._held_until_s = -math.inf
        voted_s = self._voted_s(rule)
        if voted_s is not None:
            self._held_until_s = max(self._since_s + rule.min_hold_s, voted_s + rule.off_delay_s)
        return now_s < self._held_until_s

    def _reason_unrecognised(self, seen: Observation) -> str:
        """Return why an image shows no class."""
        if seen.age_s > self._votes.max_age_s:
            return f'the images are {seen.age_s:.1f} s old when they arrive'
        if seen.class_id is None:
            count = sum(one.class_id is None for one in self._seen)
            return f'the classifier abstains, from {count} of the last {len(self._seen)} images'
        rules = [rule for rule in self._rules if seen.class_id in self._classes[rule.name]]
        if not rules:
            return f'no rule names "{seen.class_id}"'
        if not any(seen in self._voters(rule) for rule in rules):
            return f'"{seen.class_id}" has a score of {seen.score:.2f}, too low for its rule'
        return f'"{seen.class_id}" and other classes alternate: none has enough votes'

    def _count_unsure(self, recognised: bool, held: bool, now_s: float) -> None:
        if recognised:
            # a pause before the first votes does not count: no image was taken in it
            self._unsure.count(0.0, now_s - self._seen[-2].stamp_s if len(self._seen) > 1 else 0.0)
        elif not held and self._decided_s is not None:
            # a robot that starts before an unreadable sign has the same time as any other
            self._unsure.count(now_s - self._decided_s)
        self._decided_s = now_s

    def _bound(self, actuator: str, values: Mapping[str, float]) -> dict[str, float]:
        bounds = self._bounds.get(actuator, {})
        return {name: max(-bounds[name], min(value, bounds[name])) if name in bounds else value
                for name, value in values.items()}

    def _is_new(self, stamp_s: float) -> bool:
        if not math.isfinite(stamp_s):
            return False
        if not self._seen or stamp_s > self._seen[-1].stamp_s:
            self._late, self._late_s = 0, -math.inf
            return True
        if stamp_s < self._seen[-1].stamp_s and not self._late:
            # once per jump: a looping recording is followed even if images are lost. The length
            # of the jump is unknown: count one image period
            self._unsure.count(self._period_s)
        self._late = self._late + 1 if stamp_s > self._late_s else 1
        self._late_s = stamp_s
        if stamp_s < self._seen[-1].stamp_s - self._votes.max_age_s or self._late >= LATE_IMAGES:
            self._restart()
            return True
        return False

    def _choose(self, now_s: float) -> Rule:
        wanted = {rule.name for rule in self._rules if self._wants(rule)}
        self._spent_s = {name: since_s for name, since_s in self._spent_s.items()
                         if name in wanted and not self._may_retrigger(name, since_s, now_s)}
        held = self._rule
        if held is not None and self._ran_out(held, now_s):
            self._spent_s[held.name] = now_s
            held = None
        for rule in self._rules:
            if rule is held and (rule.name in wanted or self._stays(rule, now_s)):
                if rule.name in wanted:
                    self._wanted_s = now_s
                return rule
            if rule is not held and rule.name in wanted - self._spent_s.keys():
                break
        self._rule, self._since_s, self._wanted_s = rule, now_s, now_s
        return rule

    def _stays(self, rule: Rule, now_s: float) -> bool:
        return now_s - self._since_s < rule.min_hold_s or now_s - self._wanted_s < rule.off_delay_s

    def _ran_out(self, rule: Rule, now_s: float) -> bool:
        return rule.max_hold_s is not None and now_s - self._since_s >= rule.max_hold_s

    def _may_retrigger(self, name: str, spent_s: float, now_s: float) -> bool:
        after_s = self._retrigger_after_s[name]
        return after_s is not None and now_s - spent_s >= after_s

    def _wants(self, rule: Rule) -> bool:
        return rule.default or len(self._voters(rule)) >= self._votes.needed

    def _voted_s(self, rule: Rule) -> float | None:
        """Return when a class last voted for a rule, None if its classes have too few votes."""
        voters = [seen for seen in self._voters(rule) if seen.class_id is not None]
        return voters[-1].stamp_s if len(voters) >= self._votes.needed else None

    def _voters(self, rule: Rule) -> list[Observation]:
        least = rule.min_score
        if rule is self._rule and rule.release_score is not None:
            least = rule.release_score
        return [seen for seen in self._seen if self._votes_for(rule, seen, least)]

    def _votes_for(self, rule: Rule, seen: Observation, least: float) -> bool:
        if seen.class_id is None:
            return ABSTAIN in self._classes[rule.name]
        return seen.class_id in self._classes[rule.name] and seen.score >= least
