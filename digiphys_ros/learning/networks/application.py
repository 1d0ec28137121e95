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

"""Any network of ``keras.applications``, with weights from a local file."""

from pathlib import Path
from typing import Annotated, Any
import warnings

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.networks.transfer import with_head
import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field


def _offered(model: str) -> str:
    # Only a recipe that names such a network pays for this import.
    import keras
    names = sorted(name for name in dir(keras.applications) if name[0].isupper())
    if model not in names:
        raise ValueError(f'keras.applications has no such model, it has: {", ".join(names)}')
    return model


def application(shape: tuple[int, ...], classes: int, *,
                model: Annotated[str, AfterValidator(_offered)],
                weights: str | None = None,
                dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0) -> Any:
    """
    Build a model of ``keras.applications`` with a new last layer.

    Nothing is downloaded. The recipe's ``preprocess`` must match the model: scale 1/127.5 and mean
    1 for MobileNet, MobileNetV2, Inception, Xception, NASNet and ResNetV2; color bgr, scale 1 and
    mean 103.939, 116.779, 123.68 for VGG and ResNet; scale 1/255, mean 0.485, 0.456, 0.406 and std
    0.229, 0.224, 0.225 for DenseNet; scale 1 for EfficientNet, MobileNetV3 and ConvNeXt.

    :param shape: (height, width, channels); weights from ImageNet have 3 channels.
    :param model: name of the model, such as MobileNetV2.
    :param weights: file with its weights without the top, as published by Keras (``..._notop.h5``
        or ``..._no_top.h5``), or ``.weights.h5``; null is random initialization.
    :param dropout: dropout rate before the last layer.
    :raises ConfigError: when the file does not hold this model's weights.
    """
    import keras
    if weights is not None and not Path(weights).expanduser().is_file():
        raise ConfigError('network `application`: option `weights`: no such file: '
                          f'{weights} (null starts at random).')
    backbone = getattr(keras.applications, model)(
        include_top=False, weights=None, input_shape=shape, pooling='avg')
    if weights is not None:
        _load(backbone, Path(weights).expanduser(), model)
    return with_head(backbone.input, backbone.output, classes, dropout, 'application')


def _load(backbone: Any, path: Path, model: str) -> None:
    fresh = [layer.get_weights() for layer in backbone.layers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            backbone.load_weights(path)
        reason = _left_out(backbone, fresh)
    except (KeyError, OSError, ValueError) as error:
        reason = ' '.join(str(error).split())[:200]
    if reason:
        raise ConfigError(f'network `application`: option `weights`: {path} does not hold the '
                          f'weights of {model} without its top: {reason}')


def _left_out(backbone: Any, fresh: list[list[NDArray[Any]]]) -> str:
    """Name the layers that got no weights: Keras only warns of those."""
    names = [layer.name for layer, before in zip(backbone.layers, fresh, strict=True)
             for old, new in zip(before, layer.get_weights(), strict=True)
             if old.ndim > 1 and np.array_equal(old, new)]
    return f'nothing for {", ".join(names[:3])}' if names else ''
