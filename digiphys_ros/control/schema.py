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

"""Schema of the actuators in a rules file."""

from collections.abc import Iterator
from typing import Annotated, Any

from digiphys_ros.control.actuator_kind import ACTUATOR_KINDS
from digiphys_ros.control.actuators import Actuator, Limits
from digiphys_ros.control.signal_schema import SignalPlanConfig
from digiphys_ros.control.validation import Finite, matching, Problem, refuse, STRICT
from digiphys_ros.errors import ConfigError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

# an absolute name would leave the robot's namespace: all robots of a fleet would share it
Topic = Annotated[str, matching(r'[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*',
                                'a relative name such as cmd_vel')]

MessageType = Annotated[str, matching(r'([a-z][a-z0-9_]*/msg/[A-Z][A-Za-z0-9]*)?',
                                      'a message type as package/msg/Type')]

# fields as ROS spells them: such a path cannot reach Python's own attributes
FieldPath = Annotated[str, matching(r'[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*',
                                    'fields of the message joined by dots, as signal.phase')]

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _known(kind: str) -> str:
    """Return the name of an actuator kind if the kind exists and can be imported."""
    try:
        ACTUATOR_KINDS[kind]
    except ConfigError as error:
        raise PydanticCustomError('refused', '{reason}', {
            'reason': str(error).rstrip('.')}) from error
    return kind


def _safe(value: Any) -> Any:
    """Return a safe value as in Limits: None for the word hold."""
    if value == 'hold':
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise PydanticCustomError('refused', 'must be a number, or hold for a position') from None


class FieldConfig(BaseModel):
    """
    Limits of one field of an actuator's command, in the unit of that field.

    ``safe`` is the value in the safe state. ``hold`` keeps the position that was sent last, and
    is the default for joints.

    ``max_rate_per_s`` is the fastest change per second towards a command. Every number needs it,
    a ``bool`` has none. A velocity takes its safe value at once, or at ``max_decel_per_s``. A
    position whose safe value is a number needs ``stop_rate_per_s``, the rate towards that value;
    a field of a Float64 or of any other message is a position if it has one. ``max_jerk_per_s2``
    limits how fast the rate grows towards a command.
    """

    model_config = STRICT

    min: Finite
    max: Finite
    safe: Annotated[Finite | None, BeforeValidator(_safe)] = None
    max_rate_per_s: Rate | None = None
    max_decel_per_s: Rate | None = None
    stop_rate_per_s: Rate | None = None
    max_jerk_per_s2: Rate | None = None

    @model_validator(mode='after')
    def _safe_within_limits(self) -> 'FieldConfig':
        safe = self.min if self.safe is None else self.safe
        if not self.min <= safe <= self.max:
            refuse('FieldConfig', (('safe',), f'min <= safe <= max is needed, and min is '
                                   f'{self.min}, max is {self.max}', self.safe))
        return self

    def unfit(self, kind: str) -> Iterator[tuple[str, str, Any]]:
        """Report each part that a kind of actuator cannot have or lacks: name, reason, value."""
        motion = ACTUATOR_KINDS[kind].motion
        if motion == 'switch':
            # there is no value between false and true
            for name in ('max_rate_per_s', 'max_decel_per_s', 'stop_rate_per_s',
                         'max_jerk_per_s2'):
                if getattr(self, name) is not None:
                    yield name, f'a {kind} has no rate', getattr(self, name)
            if (self.min, self.max) != (0, 1) or self.safe not in (0, 1):
                yield ('', f'a {kind} has min 0, max 1 and safe 0 or 1',
                       f'min {self.min}, max {self.max}, safe {self.safe}')
            return
        if self.max_rate_per_s is None:
            yield ('max_rate_per_s', 'is required, in units per second: no actuator may be '
                   'without a rate limit', 'nothing')
        if 'safe' not in self.model_fields_set and motion != 'joint':
            yield 'safe', 'is required: a number, or hold for a position', 'nothing'
        elif self.safe is None:
            yield from self._unfit_to_hold(kind)
        elif motion == 'joint' and self.stop_rate_per_s is None:
            yield ('stop_rate_per_s', 'is required with a number as safe position, in units per '
                   'second: a joint must not jump there; or write `safe: hold`', 'nothing')
        if motion == 'joint' and self.max_decel_per_s is not None:
            yield ('max_decel_per_s', 'is for velocities: a joint has stop_rate_per_s',
                   self.max_decel_per_s)
        elif self.max_decel_per_s is not None and self.stop_rate_per_s is not None:
            yield ('stop_rate_per_s', 'is for a position, and max_decel_per_s for a velocity: '
                   'give one of them', self.stop_rate_per_s)
        if motion == 'velocity' and self.stop_rate_per_s is not None:
            yield ('stop_rate_per_s', f'is for positions: a {kind} has max_decel_per_s',
                   self.stop_rate_per_s)

    def _unfit_to_hold(self, kind: str) -> Iterator[tuple[str, str, Any]]:
        if ACTUATOR_KINDS[kind].motion == 'velocity':
            yield 'safe', f'must be a number: a {kind} is a velocity and must not hold', 'hold'
        for name in ('max_decel_per_s', 'stop_rate_per_s'):
            if getattr(self, name) is not None:
                yield name, 'is for a safe value, and a field that holds has none', \
                    getattr(self, name)


class ActuatorConfig(BaseModel):
    """
    One actuator.

    ``fields`` names the fields of its command: parts of a Twist (``linear.x``), ``data`` of a
    Float64 or Bool, joints of a JointTrajectory, or your own names, which ``field_map`` maps into
    a message of any ``type``. ``topic`` is relative, so that a namespace contains a whole robot.
    Signals have a ``plan`` instead: they take a request from 0 to 1 for each of its phases.
    ``options`` are for a kind that another package adds.
    """

    model_config = STRICT

    kind: Annotated[str, AfterValidator(_known)]
    topic: Topic
    fields: dict[Annotated[str, Field(min_length=1)], FieldConfig] = {}
    plan: SignalPlanConfig | None = None
    frame_id: str = ''
    type: MessageType = ''
    field_map: dict[str, FieldPath] = {}
    options: Annotated[dict[str, Any], Field(validate_default=True)] = {}

    @field_validator('options')
    @classmethod
    def _fit(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        # an invalid kind is already an error
        kind = info.data.get('kind', '')
        model = kind and ACTUATOR_KINDS[kind].options
        if not model:
            return options
        try:
            # as plain values: the gate gets them as JSON
            checked: dict[str, Any] = ACTUATOR_KINDS.follow(kind, model).model_validate(
                options).model_dump(mode='json')
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return checked

    @model_validator(mode='after')
    def _fields_fit_the_kind(self) -> 'ActuatorConfig':
        problems = [problem for name, field in self.fields.items()
                    for problem in self._field_problems(name, field)]
        for some, what in (
                ([name for name, field in self.fields.items() if field.safe is None], 'hold'),
                ([name for name, field in self.fields.items() if field.stop_rate_per_s],
                 'have stop_rate_per_s')):
            if not problems and 0 < len(some) < len(self.fields):
                problems.append((('fields',), f'all fields {what} or none does: before the first '
                                 'command a message cannot omit some',
                                 f'only {", ".join(some)}'))
        refuse('ActuatorConfig', *problems, *self._message_problems(), *self._plan_problems())
        return self

    def _field_problems(self, name: str, field: FieldConfig) -> list[Problem]:
        problems: list[Problem] = []
        place = ('fields', name)
        allowed = ACTUATOR_KINDS[self.kind].fields
        if allowed and name not in allowed:
            problems.append((place, f'a {self.kind} takes {", ".join(allowed)}', name))
        problems += [((*place, *filter(None, [part])), reason, value)
                     for part, reason, value in field.unfit(self.kind)]
        return problems

    def _message_problems(self) -> list[Problem]:
        kind = ACTUATOR_KINDS[self.kind]
        problems: list[Problem] = []
        if self.options and not kind.options:
            problems.append((('options',), f'a {self.kind} has none', self.options))
        if 'field_map' not in kind.sections:
            return problems + [
                ((name,), 'belongs to kind message only', value)
                for name, value in (('type', self.type), ('field_map', self.field_map)) if value]
        if not self.type:
            problems.append((('type',), f'kind {self.kind} needs a type as '
                             'package/msg/Type', self.type))
        if set(self.field_map) != set(self.fields):
            problems.append((('field_map',), f'must map each of {", ".join(self.fields)} to its '
                             'place in the message', self.field_map))
        if len(set(self.field_map.values())) < len(self.field_map):
            problems.append((('field_map',), 'must not map two fields to one place',
                             self.field_map))
        return problems

    def _plan_problems(self) -> list[Problem]:
        signals = 'plan' in ACTUATOR_KINDS[self.kind].sections
        problems: list[Problem] = []
        if signals != (self.plan is not None):
            problems.append((('plan',), 'is needed by kind signals, and by no other', self.plan))
        if signals == bool(self.fields):
            problems.append((('fields',), 'is needed by every kind except signals, which takes '
                             'the phases of its plan', self.fields))
        return problems

    def build(self) -> Actuator:
        """Return the actuator without its schema."""
        fields = {name: Limits(**field.model_dump()) for name, field in self.fields.items()}
        plan = self.plan.build() if self.plan else None
        if plan:
            fields = {phase: Limits(0.0, 1.0, 0.0) for phase in plan.phases}
        return Actuator(**{**self.model_dump(), 'fields': fields, 'plan': plan})
