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

"""Before a model is used: its golden frames, and a batch of each size."""

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

    :raises BundleError: when the model does not answer as it did when it was exported.
    :raises EngineError: when it does not answer at all.
    """
    frames, expected = bundle.golden()
    preprocess = Preprocessor(engine.spec)
    # one by one, as on the robot: an engine may keep memory for each size of a batch
    with one_sentence(f'{bundle.directory}: engine {engine.name} cannot run the model'):
        logits = np.concatenate([engine.infer(preprocess(Frame(frame, bundle.spec.color)))
                                 for frame in frames])
    if logits.shape != expected.shape:
        raise BundleError(f'{bundle.directory}: the model gives logits of shape {logits.shape}, '
                          f'the golden frames expect {expected.shape}.')
    allowed = engine.tolerance * max(float(np.abs(expected).max()), 1.0)
    worst = float(np.abs(logits - expected).max())
    # where a golden logit is not finite, what is allowed is not either
    if not (np.isfinite(worst) and worst <= allowed):
        raise BundleError(f'{bundle.directory}: engine {engine.name} misses a golden logit by '
                          f'{worst:.4g}, allowed is {allowed:.4g}: model or preprocessing is '
                          'not what was exported.')


def warm_up(engine: Engine, most: int) -> None:
    """
    Run a batch of each size up to ``most``.

    An engine prepares itself for a size when it first meets it, as long as many frames take.

    :raises EngineError: when the model does not answer a batch of that size.
    """
    for size in range(1, most + 1):
        with one_sentence(f'engine {engine.name} cannot run a batch of {size}'):
            engine.infer(np.zeros((size, *engine.spec.shape[1:]), engine.spec.dtype))
