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

"""The sections of a recipe, each with its own rules."""

from typing import Annotated, Any, Literal

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.networks.build import options_of
from digiphys_ros.learning.networks.registry import NETWORKS
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

STRICT = ConfigDict(extra='forbid', frozen=True)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


def refuse(field: str, reason: str, received: Any, separator: str = '.') -> None:
    """Raise the error of one field; ``field`` is its path from the model that refuses."""
    raise ValidationError.from_exception_data('Recipe', [InitErrorDetails(
        type=PydanticCustomError('refused', '{reason}', {'reason': reason}),
        loc=tuple(field.split(separator)), input=received)])


class NetworkSpec(BaseModel):
    """
    Which network, and its options.

    :ivar name: a name in ``learning.networks.NETWORKS``.
    :ivar options: checked against, and filled up from, the network's own defaults.
    """

    model_config = ConfigDict(extra='forbid', frozen=True, validate_default=True)

    name: str
    options: dict[str, Any] = {}

    @field_validator('name')
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in NETWORKS:
            raise ValueError(f'there is no such network, there are: {", ".join(NETWORKS)}')
        try:
            NETWORKS[name]
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return name

    @field_validator('options')
    @classmethod
    def _fit(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        # without a valid name that error is enough
        if 'name' not in info.data:
            return options
        name = info.data['name']
        model = options_of(name)
        missing = [key for key, field in model.model_fields.items()
                   if field.is_required() and key not in options]
        if missing:
            raise ValueError(f'{name} needs the option `{missing[0]}`')
        return model.model_validate(options).model_dump()


class OptimizerSpec(BaseModel):
    """
    How weights are changed.

    :ivar learning_rate: the highest of the schedule.
    :ivar momentum: of sgd.
    :ivar weight_decay: decoupled (Loshchilov & Hutter, 2017): each step takes
        learning rate * weight_decay of a weight away; of sgd and adamw.
    """

    model_config = STRICT

    name: Literal['adam', 'sgd', 'adamw'] = 'adam'
    learning_rate: Positive = 0.001
    momentum: Share = 0.0
    nesterov: bool = False
    weight_decay: NotNegative = 0.0

    @model_validator(mode='after')
    def _belong_together(self) -> 'OptimizerSpec':
        if self.name != 'sgd' and self.momentum:
            refuse('momentum', 'belongs to sgd', self.momentum)
        if self.nesterov and not self.momentum:
            refuse('nesterov', 'needs a momentum', self.nesterov)
        if self.name == 'adam' and self.weight_decay:
            refuse('weight_decay', 'belongs to sgd and adamw', self.weight_decay)
        return self


class ScheduleSpec(BaseModel):
    """
    How the learning rate changes with time.

    :ivar name: constant, or cosine: half a cosine down to nothing in the last step.
    :ivar warmup_epochs: epochs in which the rate first rises from nothing, in even steps.
    """

    model_config = STRICT

    name: Literal['constant', 'cosine'] = 'constant'
    warmup_epochs: NotNegative = 0.0


class LossSpec(BaseModel):
    """
    What is minimised; every one starts from logits.

    :ivar name: ``crossentropy`` of the softmax; ``binary_crossentropy`` or the article's ``mse``
        (mean squared error) between the sigmoid of each logit and 1 for the class, else 0.
    :ivar label_smoothing: share of the target that is spread over all classes.
    """

    model_config = STRICT

    name: Literal['crossentropy', 'binary_crossentropy', 'mse'] = 'crossentropy'
    label_smoothing: Share = 0.0


class EarlyStoppingSpec(BaseModel):
    """
    When to stop before the last epoch, and return the best.

    :ivar patience: epochs without a better figure.
    """

    model_config = STRICT

    patience: Count
    monitor: Literal['val_loss', 'val_accuracy'] = 'val_loss'


class BackgroundSpec(BaseModel):
    """
    A class of its own for images that hold none of the classes.

    :ivar label: its name.
    :ivar scenery: where such images come from, anything a camera node can play.
    :ivar crops: how many cut-outs of them.
    :ivar drawn: drawn signs and scenes to mix in.
    :ivar approach: lay the signs before that scenery, at changing distance.
    :ivar collected: labelled images of ``digiphys sim collect traffic_signs`` to mix in; some of
        them hold none of the classes.
    """

    model_config = STRICT

    label: Annotated[str, Field(min_length=1)] = 'no_sign'
    scenery: str | None = None
    crops: Count = 4000
    drawn: Annotated[int, Field(ge=0)] = 0
    approach: bool = True
    collected: str | None = None


class TransferSpec(BaseModel):
    """
    Train the last layer alone first, then all of the network.

    :ivar frozen_epochs: how many of the recipe's epochs come first, with the rest frozen.
    :ivar learning_rate: the highest of the epochs after them.
    :ivar unfreeze: how many of the last layers take part then; null is all.
    """

    model_config = STRICT

    frozen_epochs: Count
    learning_rate: Positive
    unfreeze: Count | None = None


class LoraSpec(BaseModel):
    """
    Train a low-rank change of dense and 1x1 convolution layers alone (Hu et al., 2021).

    :ivar rank: of the change.
    :ivar alpha: the change is scaled by alpha / rank; null is rank.
    """

    model_config = STRICT

    rank: Annotated[int, Field(ge=1, le=1024)]
    alpha: Positive | None = None


class TuneRange(BaseModel):
    """
    What a search may put into one field.

    :ivar log: search the exponent evenly instead of the value.
    :ivar choices: instead of a range, any of these.
    """

    model_config = STRICT

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    choices: Annotated[tuple[Any, ...], Field(min_length=1)] | None = None

    @model_validator(mode='after')
    def _either(self) -> 'TuneRange':
        low, high = self.low, self.high
        if (self.choices is None) == (low is None) or (low is None) != (high is None):
            raise ValueError('either low and high, or choices are needed')
        if low is not None and high is not None and not low < high:
            refuse('high', f'must be above low, which is {low}', high)
        if self.log and (low is None or low <= 0):
            refuse('log', 'needs a low above 0', self.log)
        return self

    @property
    def ends(self) -> tuple[Any, ...]:
        """Return the choices, or the two ends of the range."""
        return self.choices or (self.low, self.high)
