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

"""The policy: classes over time to one desired command an actuator."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from digiphys_ros.control.config import ABSTAIN, ControlConfig, Rule
from digiphys_ros.control.gate import DesiredCommand


@dataclass(frozen=True)
class Observation:
    """
    The best class of one image.

    :ivar class_id: its name, None when the classifier abstained.
    :ivar score: its probability, 0 to 1.
    :ivar stamp_s: capture time of the image in seconds.
    """

    class_id: str | None
    score: float
    stamp_s: float


@dataclass(frozen=True)
class Decision:
    """The rule in force, None before enough votes, and one command an actuator."""

    rule: str | None
    commands: Mapping[str, DesiredCommand]


class Policy:
    """
    Apply the rules of a configuration to one observation after another.

    Time is the images' own: a hold of one second is one second between captures. Every command
    is stamped with the image it came from. There is none until ``votes.needed`` images were seen,
    and a capture time that goes back starts the votes anew.
    """

    def __init__(self, config: ControlConfig) -> None:
        self._config = config
        self._classes = {rule.name: config.classes(rule) for rule in config.rules}
        self._commands = {rule.name: config.command(rule) for rule in config.rules}
        self._restart()

    def _restart(self) -> None:
        self._seen: deque[Observation] = deque(maxlen=self._config.votes.window)
        self._rule: Rule | None = None
        self._since_s = 0.0
        self._spent: set[str] = set()

    def update(self, observation: Observation) -> Decision:
        """Return what to command after ``observation``."""
        if self._seen and observation.stamp_s < self._seen[-1].stamp_s:
            self._restart()
        self._seen.append(observation)
        if len(self._seen) < self._config.votes.needed:
            return Decision(None, {})
        self._choose(observation.stamp_s)
        assert self._rule is not None
        return Decision(self._rule.name, {
            name: DesiredCommand(values, observation.stamp_s)
            for name, values in self._commands[self._rule.name].items()})

    def _choose(self, now_s: float) -> None:
        wanted = {rule.name for rule in self._config.rules if self._wants(rule)}
        # a rule that ran out may be taken again only after its classes were gone
        self._spent &= wanted
        current = self._rule
        if current is not None and self._ran_out(current, now_s):
            self._spent.add(current.name)
            current = None
        for rule in self._config.rules:
            if current is not None and rule.name == current.name:
                if rule.name in wanted or now_s - self._since_s < rule.hold_s:
                    return
            elif (rule.name in wanted or rule.default) and rule.name not in self._spent:
                if current is not None and self._holds(current, rule, now_s):
                    return
                self._rule, self._since_s = rule, now_s
                return

    def _holds(self, current: Rule, other: Rule, now_s: float) -> bool:
        rules = self._config.rules
        above = rules.index(other) < rules.index(current) and not other.default
        return not above and now_s - self._since_s < current.hold_s

    def _ran_out(self, rule: Rule, now_s: float) -> bool:
        return rule.release_after_s is not None and now_s - self._since_s >= rule.release_after_s

    def _wants(self, rule: Rule) -> bool:
        held = self._rule is not None and self._rule.name == rule.name
        least = rule.min_score
        if held and rule.release_score is not None:
            least = rule.release_score
        votes = sum(self._votes_for(rule, seen, least) for seen in self._seen)
        return votes >= self._config.votes.needed

    def _votes_for(self, rule: Rule, seen: Observation, least: float) -> bool:
        if seen.class_id is None:
            return ABSTAIN in self._classes[rule.name]
        return seen.class_id in self._classes[rule.name] and seen.score >= least
