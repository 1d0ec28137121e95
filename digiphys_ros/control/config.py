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

"""Rules files: actuators, votes, groups of classes and rules."""

from collections.abc import Iterable
from dataclasses import asdict
import json
from pathlib import Path
import sys
from typing import Annotated
import warnings

from digiphys_ros.control.actuators import Actuator
from digiphys_ros.control.rules import ABSTAIN, Rule, Votes
from digiphys_ros.control.schema import ActuatorConfig
from digiphys_ros.control.validation import Name, Problem, refuse, STRICT
from digiphys_ros.errors import ConfigError, did_you_mean
from digiphys_ros.renamed import RenamedWarning
from digiphys_ros.yamlfile import load_yaml
from pydantic import BaseModel, Field, model_validator


LONGEST_UNSURE_S = 10.0
"""Longest motion without a recognised class that causes no warning."""

LONGEST_UNSURE_SIGNALS_S = 600.0
"""The same for signals: fixed times serve every road while no class is recognised."""


class ControlConfig(BaseModel):
    """
    Actuators, votes, groups of classes and rules; an earlier rule takes precedence.

    :ivar optional_labels: classes that the rules name although a model may lack them.

    Example::

        >>> import digiphys_ros as dp
        >>> rules = dp.load_rules('traffic_signs_rules')
        >>> rules.rule_for('stop').name, rules.actuator('base').fields['linear.x'].max
        ('halt', 0.6)
    """

    model_config = STRICT

    actuators: Annotated[dict[Name, ActuatorConfig], Field(min_length=1)]
    votes: Votes = Votes()
    groups: dict[str, list[str]] = {}
    optional_labels: list[str] = []
    rules: Annotated[list[Rule], Field(min_length=1)]

    @model_validator(mode='after')
    def _consistent(self) -> 'ControlConfig':
        problems = [problem for index, rule in enumerate(self.rules)
                    for problem in (*self._command_problems(index, rule),
                                    *self._hold_problems(index, rule))]
        problems += self._topic_problems()
        problems += self._group_problems()
        problems += self._optional_problems()
        names = [rule.name for rule in self.rules]
        problems += [(('rules', index, 'name'), 'is already the name of a rule', name)
                     for index, name in enumerate(names) if name in names[:index]]
        defaults = [index for index, rule in enumerate(self.rules) if rule.default]
        if len(defaults) != 1:
            problems.append((('rules',), 'exactly one rule with `default: true` is needed',
                             f'{len(defaults)} of them'))
        if not any(ABSTAIN in self.classes(rule) for rule in self.rules):
            problems.append((('rules',), f'a rule with `when: [{ABSTAIN}]` is needed, for images '
                             'on which the classifier abstains', ', '.join(names)))
        refuse('ControlConfig', *problems)
        return self

    def _command_problems(self, index: int, rule: Rule) -> Iterable[Problem]:
        for part, commands in (('command', rule.command),
                               ('persistent_limit', rule.persistent_limit or {})):
            for actuator, values in commands.items():
                place = ('rules', index, part, actuator)
                if actuator not in self.actuators:
                    yield (place, f'no such actuator, allowed are {", ".join(self.actuators)}',
                           actuator)
                    continue
                for name, value in values.items():
                    problem = self._value_problem(part, actuator, name, value)
                    if problem:
                        yield (*place, name), *problem

    def _hold_problems(self, index: int, rule: Rule) -> Iterable[Problem]:
        for name, actuator in self.actuators.items():
            given = rule.command.get(name, {})
            for field in actuator.fields:
                if actuator.fields[field].safe is None and field not in given:
                    yield (('rules', index, 'command'), f'must set {name}.{field}: the field '
                           'holds its position and has no safe value to use', rule.command)

    def _value_problem(self, part: str, actuator: str, name: str, value: float
                       ) -> tuple[str, str | float] | None:
        fields = self.actuator(actuator).fields
        if name not in fields:
            return f'no such field, allowed are {", ".join(fields)}', name
        limits = fields[name]
        if part == 'command' and not limits.min <= value <= limits.max:
            return f'a value from {limits.min} to {limits.max} is needed', value
        if part == 'persistent_limit' and limits.safe is not None and value < abs(limits.safe):
            return f'must not keep the field from its safe value, which is {limits.safe}', value
        return None

    def _topic_problems(self) -> Iterable[Problem]:
        owners: dict[str, str] = {}
        for name, actuator in self.actuators.items():
            owner = owners.setdefault(actuator.topic, name)
            if owner != name:
                yield (('actuators', name, 'topic'), f'is already the topic of actuator {owner}',
                       actuator.topic)

    def _group_problems(self) -> Iterable[Problem]:
        for name, members in self.groups.items():
            if name == ABSTAIN:
                yield ('groups', name), f'a group cannot have the name {ABSTAIN}', members
            for index, member in enumerate(members):
                if member in self.groups and member != name:
                    yield ('groups', name, index), 'a group contains classes, not groups', member

    def _optional_problems(self) -> Iterable[Problem]:
        named = {label for rule in self.rules for label in self.classes(rule)} - {ABSTAIN}
        for index, label in enumerate(self.optional_labels):
            if label not in named:
                yield ('optional_labels', index), 'must be a class that a rule names', label

    def actuator(self, name: str) -> Actuator:
        """
        Return one actuator without its schema.

        :raises ConfigError: when there is none of this name.
        """
        if name not in self.actuators:
            raise ConfigError(f'the rules have no actuator "{name}"'
                              f'{did_you_mean(str(name), self.actuators)}, they have '
                              f'{", ".join(self.actuators)}.')
        return self.actuators[name].build()

    def classes(self, rule: Rule) -> frozenset[str]:
        """Return the classes of a rule, with groups replaced by their members."""
        return frozenset(label for word in rule.when for label in self.groups.get(word, [word]))

    def command(self, rule: Rule) -> dict[str, dict[str, float]]:
        """Return the full command of a rule; a field that it omits takes its safe value."""
        return {name: {**values, **rule.command.get(name, {})}
                for name, values in self.safe_command().items()}

    def safe_command(self) -> dict[str, dict[str, float]]:
        """Return the command for the safe state of every actuator."""
        return {name: self.actuator(name).safe_values() for name in self.actuators}

    def rule_for(self, label: str) -> Rule:
        """Return the first rule for a class, or the default rule."""
        for rule in self.rules:
            if label in self.classes(rule):
                return rule
        return next(rule for rule in self.rules if rule.default)


def load_control(path: str | Path) -> ControlConfig:
    """
    Load a rules file.

    :raises ConfigError: naming the file, the line and the field.
    """
    return load_yaml(path, ControlConfig)


def check_labels(config: ControlConfig, labels: Iterable[str], model: str = '') -> None:
    """
    Check that a model has the classes that the rules name.

    :param model: its name, for the error.
    :raises ConfigError: for a class that the model lacks and that is not optional, or a class
        of the model with the reserved name ``abstain``.
    """
    known = {*labels}
    if ABSTAIN in known:
        raise ConfigError(f'the model{model and f" {model}"} has a class "{ABSTAIN}", which '
                          'rules reserve for images without a class: rename the class')
    known.add(ABSTAIN)
    for rule in config.rules:
        for label in sorted(config.classes(rule) - known - set(config.optional_labels)):
            raise ConfigError(
                f'rule `{rule.name}`: field `when`: the model{model and f" {model}"} has no class '
                f'"{label}": use a model that has it, or list it in `optional_labels` of the '
                f'rules file; the model has {", ".join(sorted(known - {ABSTAIN}))}')


def control_warnings(config: ControlConfig) -> list[str]:
    """Return a sentence for each rule that moves an actuator for a long time without a class."""
    unsure_s = config.votes.max_unsure_s
    return [
        f'rule `{rule.name}` may move {", ".join(moved)} for {for_s:g} s while no class is '
        f'recognised: shorten `{field}`, or command the safe state in the rule'
        for rule in config.rules for field, for_s in (
            *((('votes.max_unsure_s', unsure_s),)
              if rule.default or ABSTAIN in config.classes(rule) else ()),
            ('min_hold_s', rule.min_hold_s), ('off_delay_s', rule.off_delay_s))
        if (moved := _moved_for_long(config, rule, for_s))]


def _moved_for_long(config: ControlConfig, rule: Rule, for_s: float) -> list[str]:
    command, safe = config.command(rule), config.safe_command()
    return [name for name, actuator in config.actuators.items() if command[name] != safe[name]
            and for_s > (
                LONGEST_UNSURE_SIGNALS_S if actuator.plan else LONGEST_UNSURE_S)]


def check_use(use: str, model: str) -> None:
    """
    Refuse a model whose bundle is for advice to a person.

    :param use: ``use`` of its manifest, control or advice.
    :raises ConfigError: unless it is control.
    """
    if use != 'control':
        raise ConfigError(f'{model} is for advice to a person: no rule and no actuator may use '
                          'it; run it with the triage node alone.')


def main() -> int:
    """Check the rules file named on the command line; print its actuators as JSON."""
    # the policy node reads the same file and reports its deprecated keys
    warnings.simplefilter('ignore', RenamedWarning)
    try:
        control = load_control(sys.argv[1])
    except ConfigError as error:
        sys.stderr.write(f'{error}\n')
        return 1
    sys.stdout.write(json.dumps(
        {name: asdict(actuator.build()) for name, actuator in control.actuators.items()}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
