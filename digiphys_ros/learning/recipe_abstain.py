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

"""The sections of a recipe with images on which the network is to abstain."""

from typing import Annotated

from digiphys_ros.learning.evaluate.corruptions import ALL_CORRUPTIONS, OF_COLORS
from digiphys_ros.learning.outlier_kinds import KINDS
from digiphys_ros.learning.recipe_sections import refuse, STRICT
from pydantic import BaseModel, Field, field_validator, model_validator


class AmbiguousSpec(BaseModel):
    """
    Corrupted training images on which to abstain (Hendrycks et al., 2019).

    The network is trained to give every class the same probability for them. The bundle's
    threshold is the lowest with 99 % right answers on the held-out images and as many ambiguous
    ones. An answer to an ambiguous image is always wrong.

    :ivar fraction: fraction of the training images; each epoch draws others.
    :ivar corruptions: name in ``ALL_CORRUPTIONS`` of ``learning.evaluate.corruptions`` -> the
        least strength, 1 to 5, at which the class cannot be recognised.
    """

    model_config = STRICT

    fraction: Annotated[float, Field(gt=0, lt=1)]
    corruptions: dict[str, Annotated[int, Field(ge=1, le=5)]]

    @field_validator('corruptions')
    @classmethod
    def _known(cls, corruptions: dict[str, int]) -> dict[str, int]:
        if not corruptions.keys() <= ALL_CORRUPTIONS.keys() or not corruptions.keys() - OF_COLORS:
            raise ValueError(f'takes one or more of: {", ".join(ALL_CORRUPTIONS)}, and more than '
                             'color_temperature')
        return corruptions


class OutliersSpec(BaseModel):
    """
    Out-of-distribution images on which to abstain: outlier exposure (Hendrycks et al., 2019).

    The network is trained to give every class the same probability for them. The bundle's
    threshold is the highest that leaves ``unanswered`` of the held-out images without an answer.

    :ivar fraction: fraction of the training images that outliers replace; each epoch draws
        others.
    :ivar images: file or folder of labeled images -> its classes that are only measured.
    :ivar kinds: ``KINDS`` of ``learning.outlier_kinds``; those made from a scene use images of
        the background class, where there is one.
    :ivar unseen_kinds: kinds that are only measured.
    :ivar unseen_images: files or folders that are only measured.
    :ivar unanswered: largest fraction of the held-out images without an answer.
    """

    model_config = STRICT

    fraction: Annotated[float, Field(gt=0, lt=1)]
    images: dict[str, tuple[str, ...]] = {}
    kinds: tuple[str, ...] = ()
    unseen_kinds: tuple[str, ...] = ()
    unseen_images: tuple[str, ...] = ()
    unanswered: Annotated[float, Field(gt=0, lt=0.5)] = 0.01

    @field_validator('kinds', 'unseen_kinds')
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown:
            raise ValueError(f'"{unknown[0]}" is unknown, there are: {", ".join(KINDS)}')
        return kinds

    @model_validator(mode='after')
    def _apart(self) -> 'OutliersSpec':
        both = set(self.kinds) & set(self.unseen_kinds)
        if both:
            refuse('unseen_kinds', 'names a kind that `kinds` trains on', sorted(both)[0])
        if set(self.images) & set(self.unseen_images):
            refuse('unseen_images', 'names images that `images` trains on',
                   list(self.unseen_images))
        if not self.images and not self.kinds:
            raise ValueError('either images or kinds are needed')
        return self
