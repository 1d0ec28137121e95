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

"""
Texts that cross processes: each has a model, a schema version, and a reader that fails closed.

A text that cannot be read, or has unknown fields, is an error. The caller then takes the safe
case: a model with unreadable facts is for advice only, and nothing moves.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from digiphys_ros.errors import ConfigError, first_problem
from digiphys_ros.files import parse_json
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
    ValidationError,
)

Self = TypeVar('Self', bound='Contract')
Keyed = TypeVar('Keyed', bound='KeyedContract')


class Contract(BaseModel):
    """
    A text with a schema.

    Example::

        >>> facts = ModelFacts(labels={'0': 'stop', '1': 'no_sign'}, use='advice')
        >>> ModelFacts.read(facts.text(), 'vision_info').use
        'advice'
    """

    model_config = ConfigDict(extra='forbid', frozen=True, strict=True)

    schema_version: Literal[1] = 1

    @field_validator('schema_version', mode='before')
    @classmethod
    def _check_version(cls, version: Any) -> Any:
        # True and 1.0 equal 1
        if type(version) is not int:
            raise ValueError('must be the whole number 1')
        return version

    def text(self) -> str:
        """Return the JSON text."""
        return self.model_dump_json()

    @classmethod
    def read(cls: type[Self], text: str, source: str) -> Self:
        """
        Return the content of a text.

        :param source: its origin, for the error.
        :raises ConfigError: when it is cut off, of another version, or against the schema.
        """
        try:
            value = parse_json(text)
        except ValueError as error:
            raise ConfigError(f'{source}: is not JSON, received "{text[:80]}".') from error
        if not isinstance(value, dict) or 'schema_version' not in value:
            raise ConfigError(f'{source}: needs a JSON object with a schema_version, received '
                              f'"{text[:80]}".')
        try:
            # with pydantic's rules for JSON: lists become tuples
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ConfigError(f'{source}: {first_problem(error, "(whole text)")}.') from error


class ModelFacts(Contract):
    """
    Facts about a classifier's model, in ``database_location`` of ``vision_info``.

    :ivar labels: class name by the number of the output, from "0".
    :ivar use: whether results may lead to commands, or are only advice to a person.
    :ivar abstain_below: best probability below which the classifier gives no result.
    """

    task: Literal['classification'] = 'classification'
    labels: dict[str, str] = Field(min_length=1)
    use: Literal['control', 'advice']
    abstain_below: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode='after')
    def _check_labels(self) -> 'ModelFacts':
        if list(self.labels) != [str(index) for index in range(len(self.labels))]:
            raise ValueError('labels must be numbered "0", "1", ... in order')
        names = list(self.labels.values())
        if not all(map(str.strip, names)) or len(set(names)) < len(names):
            raise ValueError('labels must be unique and not empty')
        return self


class SimulatedEvent(BaseModel):
    """
    One event of a simulated world.

    :ivar right: whether the robot acted correctly, None if that is not judged.
    """

    model_config = ConfigDict(extra='forbid', frozen=True, strict=True)

    time_s: float
    kind: str
    detail: str
    right: bool | None


class SimulatedEvents(Contract):
    """The last events of a simulated world, in the figure ``events`` of the node ``sim``."""

    events: tuple[SimulatedEvent, ...] = ()


class KeyedContract(BaseModel):
    """
    Keys and values as text, as in a DiagnosticStatus.

    Example::

        >>> values = {'schema_version': '1', 'label': 'clear', 'reader': 'Dr. A'}
        >>> Decision.of(values, 'a decision').reader
        'Dr. A'
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    schema_version: Literal['1'] = '1'

    def values(self) -> dict[str, str]:
        """Return the keys and values."""
        return {key: str(value) for key, value in self.model_dump().items()}

    @classmethod
    def of(cls: type[Keyed], values: Mapping[str, str], source: str) -> Keyed:
        """
        Return the content of keys and values.

        :param source: their origin, for the error.
        :raises ConfigError: when one is missing, unknown, or against the schema.
        """
        if 'schema_version' not in values:
            raise ConfigError(f'{source}: value `schema_version`: is missing, received '
                              f'{", ".join(values) or "none"}: add it with the value 1.')
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            problem = error.errors()[0]
            field = '.'.join(map(str, problem['loc'])) or '(all values)'
            raise ConfigError(f'{source}: value `{field}`: {problem["msg"]}, received '
                              f'{", ".join(values) or "none"}.') from error


class AdviceFacts(KeyedContract):
    """
    Advice of the node ``triage`` on one image, for people.

    :ivar label: the class, empty if the classifier abstained.
    :ivar score: its probability.
    :ivar position: place in the review queue; 1 is the next to look at.
    :ivar waiting: open cases, this one included.
    :ivar index: of the entry in the audit log, whose hash is ``hash``.
    """

    label: str
    score: float = Field(ge=0, le=1)
    position: int = Field(ge=0)
    waiting: int = Field(ge=0)
    margin: float
    bundle: str
    bundle_hash: str
    sha256: str
    index: int = Field(ge=0)
    hash: str


class Decision(KeyedContract):
    """A person's decision on one image; additional values of their tool are ignored."""

    model_config = ConfigDict(extra='ignore', frozen=True)

    label: str
    reader: str = Field(min_length=1)
