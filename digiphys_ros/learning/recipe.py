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

"""A recipe: everything that determines a training, in one YAML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from digiphys_ros.bundles.manifest import MANIFEST_RENAMES, Use
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.augment import Augmentation
from digiphys_ros.learning.recipe_abstain import AmbiguousSpec, OutliersSpec
from digiphys_ros.learning.recipe_sections import (
    BackgroundSpec,
    Count,
    EarlyStoppingSpec,
    LoraSpec,
    LossSpec,
    NetworkSpec,
    OptimizerSpec,
    refuse,
    ScheduleSpec,
    STRICT,
    TransferSpec,
    TuneRange,
)
from digiphys_ros.renamed import Renames
from digiphys_ros.resources import find_resource
from digiphys_ros.yamlfile import load_yaml, reason_of
from pydantic import BaseModel, Field, field_validator, model_validator, ValidationError

RENAMES = Renames(
    {**MANIFEST_RENAMES.keys, 'augment.colour_temperature': 'augment.color_temperature',
     'doubtful': 'ambiguous', 'ambiguous.share': 'ambiguous.fraction',
     'ambiguous.corruptions.colour_temperature': 'ambiguous.corruptions.color_temperature',
     'outliers.share': 'outliers.fraction', 'mirror': 'tta'},
    {**MANIFEST_RENAMES.values, 'tta': {True: 'flip', False: 'none'}})
"""Names of an earlier release."""


class Recipe(BaseModel):
    """
    How to train one network.

    :ivar name: the model's name.
    :ivar limits: limits of use, for the model card.
    :ivar use: ``advice`` if the results must never lead to a command.
    :ivar preprocess: preprocessing of images; null for tables.
    :ivar class_weights: ``balanced`` weights each class by the inverse of its count.
    :ivar augment: random changes of training images, see ``learning.augment``.
    :ivar ambiguous: corrupted images on which to abstain.
    :ivar outliers: out-of-distribution images on which to abstain.
    :ivar init_from: bundle with the initial weights, of the same network and classes: its folder,
        or a name in ``models``.
    :ivar tta: test-time augmentation. ``flip`` averages the logits of an image and of its mirror
        image, which takes twice as long; only where labels allow (no arrows, no text).
    :ivar mixed_precision: compute in float16 on a GPU, in bfloat16 on a CPU that supports it.
    :ivar xla: compile with XLA on a GPU.
    :ivar tune: search space of ``digiphys tune``: dotted field -> range.
    """

    model_config = STRICT

    name: Annotated[str, Field(pattern=r'^[A-Za-z0-9_-]+$')]
    description: str = ''
    limits: str = ''
    use: Use = 'control'
    network: NetworkSpec
    preprocess: PreprocessSpec | None = None
    optimizer: OptimizerSpec = OptimizerSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    loss: LossSpec = LossSpec()
    epochs: Count = 10
    batch: Count = 32
    class_weights: Literal['none', 'balanced'] = 'none'
    augment: Augmentation = Augmentation()
    early_stopping: EarlyStoppingSpec | None = None
    background: BackgroundSpec | None = None
    ambiguous: AmbiguousSpec | None = None
    outliers: OutliersSpec | None = None
    init_from: str | None = None
    transfer: TransferSpec | None = None
    lora: LoraSpec | None = None
    tta: Literal['none', 'flip'] = 'none'
    mixed_precision: bool = False
    xla: bool = False
    seed: Annotated[int, Field(ge=0, lt=2 ** 31)] = 0
    tune: dict[str, TuneRange] = {}

    @model_validator(mode='before')
    @classmethod
    def _renamed(cls, data: Any) -> Any:
        """Accept the names of an earlier release."""
        return RENAMES.upgrade(data)

    @field_validator('tune', mode='before')
    @classmethod
    def _renamed_ranges(cls, data: Any) -> Any:
        return RENAMES.upgrade_dotted(data) if isinstance(data, dict) else data

    @model_validator(mode='after')
    def _belong_together(self) -> 'Recipe':
        if self.schedule.warmup_epochs >= self.epochs and self.schedule.warmup_epochs:
            refuse('schedule.warmup_epochs', f'must be below epochs, which is {self.epochs}',
                   self.schedule.warmup_epochs)
        if self.transfer and self.transfer.frozen_epochs > self.epochs:
            refuse('transfer.frozen_epochs', f'must be at most epochs, which is {self.epochs}',
                   self.transfer.frozen_epochs)
        if self.transfer and self.lora:
            refuse('lora', 'keeps frozen what transfer unfreezes: choose one of them', 'both')
        replaced = [one.fraction for one in (self.ambiguous, self.outliers) if one]
        if sum(replaced) >= 1:
            refuse('outliers.fraction', 'must be below 1 together with ambiguous.fraction',
                   replaced[-1])
        if self.preprocess and self.preprocess.dtype != 'float32':
            refuse('preprocess.dtype', 'must be float32 in a recipe', self.preprocess.dtype)
        if self.augment.changes_images and not self.preprocess:
            refuse('augment', 'needs images, and a recipe without preprocess is for tables',
                   self.augment.model_dump(exclude_defaults=True))
        for field in ('tta', 'ambiguous', 'outliers'):
            if getattr(self, field) not in (None, 'none') and not self.preprocess:
                refuse(field, 'needs images, and a recipe without preprocess is for tables',
                       self.model_dump()[field])
        return self

    @model_validator(mode='after')
    def _tunable(self) -> 'Recipe':
        for field, span in self.tune.items():
            for value in span.ends:
                try:
                    self.replaced({field: value})
                except ConfigError as error:
                    refuse(f'tune/{field}', f'cannot take {value!r}: {str(error).rstrip(".")}',
                           list(span.ends), separator='/')
        return self

    def replaced(self, changes: Mapping[str, Any]) -> 'Recipe':
        """
        Return this recipe with changed fields, validated again.

        :param changes: dotted field -> value, such as ``optimizer.learning_rate``.
        :raises ConfigError: naming the unknown field or invalid value.
        """
        values = self.model_dump()
        # a recipe with chosen values needs no ranges
        values['tune'] = {}
        for field, value in changes.items():
            *parents, last = RENAMES.upgrade_key(field).split('.')
            place: Any = values
            for parent in parents:
                place = place.get(parent) if isinstance(place, dict) else None
            if not isinstance(place, dict):
                raise ConfigError(f'field `{field}`: the recipe has no `{".".join(parents)}` to '
                                  'set it in.')
            place[last] = value
        try:
            return Recipe.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(
                f'field `{".".join(map(str, first["loc"]))}`: {reason_of(first)}, received '
                f'{first["input"]!r}.') from error


def load_recipe(name: str | Path) -> Recipe:
    """
    Read a recipe.

    :param name: a path, or a name in ``config/recipes``.
    :raises ConfigError: naming the file, the line and the field.
    """
    # a folder with the recipe's name is often its bundle
    text = str(name) if Path(name).suffix in ('.yaml', '.yml') else f'{name}.yaml'
    return load_yaml(find_resource(text, 'config/recipes'), Recipe)
