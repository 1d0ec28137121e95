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

"""Interface and registry of augmentations."""

from typing import Any, Protocol

from digiphys_ros.errors import ConfigError
from digiphys_ros.registry import Registry
import numpy as np
from numpy.typing import NDArray


class ImageChange(Protocol):
    """A function that changes a training image; keyword-only parameters are its options."""

    def __call__(self, image: NDArray[Any], rng: np.random.Generator, /, **options: Any
                 ) -> NDArray[Any]:
        """
        Return the changed image, of the same shape and type.

        :param image: (H, W, 3) RGB or (H, W), uint8; read-only.
        :param rng: the only source of randomness: the same generator gives the same change.
        """


_STEPS = 'digiphys_ros.learning.augment.camera'

AUGMENTATIONS: Registry[ImageChange] = Registry(
    'digiphys_ros.augmentations', 'augmentation',
    {name: f'{_STEPS}:{name}' for name in (
        'move', 'light', 'blur', 'motion_blur', 'noise', 'jpeg', 'cutout')},
    needs=('__call__',), error=ConfigError)
"""Augmentations by name; another package adds one with an entry point for an ImageChange."""
