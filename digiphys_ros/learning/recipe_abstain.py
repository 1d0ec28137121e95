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

"""The sections of a recipe that say on which images to abstain."""

from typing import Annotated

from digiphys_ros.learning.evaluate.corruptions import OF_COLOURS, SPOILERS
from digiphys_ros.learning.outlier_kinds import KINDS
from digiphys_ros.learning.recipe_sections import refuse, STRICT
from pydantic import BaseModel, Field, field_validator, model_validator


class DoubtfulSpec(BaseModel):
    """
    Images that are to be left unanswered, made of the images (Hendrycks et al., 2019).

    The network is trained to find every class as likely in them, and the bundle's threshold is
    the lowest at which, of as many held-out images and such images, 99 % of the answers are
    right: one to such an image never is.

    :ivar share: of the training images, in each epoch others.
    :ivar corruptions: ``SPOILERS`` of ``learning.evaluate.corruptions``, each with the least
        strength, 1 to 5, that leaves the classes untold.
    """

    model_config = STRICT

    share: Annotated[float, Field(gt=0, lt=1)]
    corruptions: dict[str, Annotated[int, Field(ge=1, le=5)]]

    @field_validator('corruptions')
    @classmethod
    def _known(cls, corruptions: dict[str, int]) -> dict[str, int]:
        if not corruptions.keys() <= SPOILERS.keys() or not corruptions.keys() - OF_COLOURS:
            raise ValueError(f'takes one or more of: {", ".join(SPOILERS)}, and more than colour')
        return corruptions


class OutliersSpec(BaseModel):
    """
    Images of nothing, on which to abstain: outlier exposure (Hendrycks et al., 2019).

    The network is trained to find every class as likely in them. The bundle's threshold is the
    highest that leaves ``unanswered`` of the held-out images of the classes without an answer.

    :ivar share: of the training images that outliers replace, in each epoch others.
    :ivar images: file or folder of images in classes -> its classes that are only measured.
    :ivar kinds: ``KINDS`` of ``learning.outlier_kinds``; those of a scene take images of the
        background, where there is one.
    :ivar unseen_kinds: kinds that are only measured.
    :ivar unseen_images: files or folders that are only measured.
    :ivar unanswered: fraction of the held-out images of the classes, at most.
    """

    model_config = STRICT

    share: Annotated[float, Field(gt=0, lt=1)]
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
            raise ValueError(f'"{unknown[0]}" is no kind, there are: {", ".join(KINDS)}')
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
