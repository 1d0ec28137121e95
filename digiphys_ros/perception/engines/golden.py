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

"""Checks before a model is used: golden frames, and a batch of each size."""

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.errors import BundleError
from digiphys_ros.perception.engines.engine import Engine
from digiphys_ros.perception.engines.failure import one_sentence
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.preprocess import Preprocessor
import numpy as np


def check_golden(bundle: Bundle, engine: Engine) -> None:
    """
    Run the golden frames through preprocessing and engine and compare the logits.

    :raises BundleError: when the logits differ from those at export.
    :raises EngineError: when the model cannot run.
    """
    frames, expected = bundle.golden()
    preprocess = Preprocessor(engine.spec)
    # one by one, as on the robot: an engine may keep memory for each batch size
    with one_sentence(f'{bundle.directory}: engine {engine.name} cannot run the model'):
        logits = np.concatenate([engine.infer(preprocess(Frame(frame, bundle.spec.color)))
                                 for frame in frames])
    if logits.shape != expected.shape:
        raise BundleError(f'{bundle.directory}: the model gives logits of shape {logits.shape}, '
                          f'the golden frames expect {expected.shape}.')
    allowed = engine.tolerance * max(float(np.abs(expected).max()), 1.0)
    worst = float(np.abs(logits - expected).max())
    # with a golden logit that is not finite, the tolerance is not finite either
    if not (np.isfinite(worst) and worst <= allowed):
        raise BundleError(f'{bundle.directory}: engine {engine.name} misses a golden logit by '
                          f'{worst:.4g}, allowed is {allowed:.4g}: model or preprocessing is '
                          'not what was exported.')


def warm_up(engine: Engine, most: int) -> None:
    """
    Run a batch of each size up to ``most``.

    The first batch of a size takes as long as many frames, because engines initialise then.

    :raises EngineError: when the model cannot run a batch of that size.
    """
    for size in range(1, most + 1):
        with one_sentence(f'engine {engine.name} cannot run a batch of {size}'):
            engine.infer(np.zeros((size, *engine.spec.shape[1:]), engine.spec.dtype))
