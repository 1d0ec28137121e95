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

"""The sections of a recipe."""

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
Fraction = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


def refuse(field: str, reason: str, received: Any, separator: str = '.') -> None:
    """Raise the error of one field; ``field`` is its path in the model."""
    raise ValidationError.from_exception_data('Recipe', [InitErrorDetails(
        type=PydanticCustomError('refused', '{reason}', {'reason': reason}),
        loc=tuple(field.split(separator)), input=received)])


class NetworkSpec(BaseModel):
    """
    The network and its options.

    :ivar name: a name in ``learning.networks.NETWORKS``.
    :ivar options: options of the network; missing ones have their defaults.
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
        # the error of the name is enough
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
    The optimizer.

    :ivar learning_rate: highest rate of the schedule.
    :ivar momentum: for sgd.
    :ivar weight_decay: decoupled (Loshchilov & Hutter, 2017): each step subtracts learning rate *
        weight_decay of a weight; for sgd and adamw.
    """

    model_config = STRICT

    name: Literal['adam', 'sgd', 'adamw'] = 'adam'
    learning_rate: Positive = 0.001
    momentum: Fraction = 0.0
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
    The schedule of the learning rate.

    :ivar name: ``constant``, or ``cosine``: half a cosine down to zero at the last step.
    :ivar warmup_epochs: epochs of linear warm-up from zero.
    """

    model_config = STRICT

    name: Literal['constant', 'cosine'] = 'constant'
    warmup_epochs: NotNegative = 0.0


class LossSpec(BaseModel):
    """
    The loss; all are computed from logits.

    :ivar name: ``crossentropy`` of the softmax; ``binary_crossentropy`` or the article's ``mse``
        (mean squared error) between the sigmoid of each logit and 1 for the class, else 0.
    :ivar label_smoothing: fraction of the target that is spread over all classes.
    """

    model_config = STRICT

    name: Literal['crossentropy', 'binary_crossentropy', 'mse'] = 'crossentropy'
    label_smoothing: Fraction = 0.0


class EarlyStoppingSpec(BaseModel):
    """
    Early stopping; the weights of the best epoch are restored.

    :ivar patience: epochs without improvement.
    """

    model_config = STRICT

    patience: Count
    monitor: Literal['val_loss', 'val_accuracy'] = 'val_loss'


class BackgroundSpec(BaseModel):
    """
    A background class, for images without any of the classes.

    :ivar label: name of the class.
    :ivar scenery: source of background images, any source of the camera node.
    :ivar crops: number of crops of them.
    :ivar drawn: number of drawn signs and scenes to add.
    :ivar approach: paste the signs onto that scenery, at varying distance.
    :ivar collected: labeled images of ``digiphys sim collect traffic_signs`` to add; some of them
        show no sign.
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
    Transfer learning: train the last layer first, then the whole network.

    :ivar frozen_epochs: number of first epochs with all other layers frozen.
    :ivar learning_rate: highest learning rate of the later epochs.
    :ivar unfreeze: number of last layers to train in the later epochs; null is all.
    """

    model_config = STRICT

    frozen_epochs: Count
    learning_rate: Positive
    unfreeze: Count | None = None


class LoraSpec(BaseModel):
    """
    LoRA: train only a low-rank change of dense and convolution layers (Hu et al., 2021).

    :ivar rank: rank of the change.
    :ivar alpha: the change is scaled by alpha / rank; null is rank.
    """

    model_config = STRICT

    rank: Annotated[int, Field(ge=1, le=1024)]
    alpha: Positive | None = None


class TuneRange(BaseModel):
    """
    The search range of one field.

    :ivar log: search on a logarithmic scale.
    :ivar choices: values to choose from, instead of a range.
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
