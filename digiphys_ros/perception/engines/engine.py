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

"""What an engine is, and which one to take."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.errors import BundleError, EngineError
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.preprocess import Preprocessor, PreprocessSpec
import numpy as np
from numpy.typing import NDArray

PACKAGES = {'litert': ('ai_edge_litert', 'ai-edge-litert'), 'tensorflow': ('tensorflow',) * 2,
            'onnx': ('onnxruntime',) * 2}
TOLERANCE, GPU_TOLERANCE = 1e-3, 0.02
"""Of float32 on a CPU, and on a GPU, which may round to half of the digits."""


class Engine(Protocol):
    """Something that runs a model; called from one thread at a time."""

    name: str
    device: str
    """CPU, else a GPU, as the engine calls it."""
    tolerance: float
    """Largest difference of a golden logit, as a share of the largest golden logit."""
    spec: PreprocessSpec
    """The bundle's contract; with dtype uint8 where the model itself holds scale and offset."""

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """
        Return the logits.

        :param tensor: (N, H, W, C), preprocessed as ``spec`` says; where that takes uint8, one
            of the bundle's own contract will do too. It is not kept.
        :return: (N, classes) float32.
        """


def create_engine(bundle: Bundle, kind: str = 'auto', *, threads: int = 0, xla: bool = False,
                  mixed_precision: bool = False) -> tuple[Engine, str]:
    """
    Make an engine for a bundle.

    :param kind: litert, tensorflow, onnx, or auto: what the bundle holds and the machine has.
    :param threads: inference threads; 0 is every core for LiteRT, TensorFlow's own choice else.
    :param xla: compile with XLA (tensorflow).
    :param mixed_precision: compute in float16 where the GPU can (tensorflow).
    :return: the engine, and one line that says why it was taken.
    :raises EngineError: when none can run the bundle here, with the fix.
    """
    chosen, why = _choose(bundle) if kind == 'auto' else (kind, 'asked for')
    if chosen not in PACKAGES:
        raise EngineError(f'engine "{kind}" is unknown, allowed are auto, {", ".join(PACKAGES)}.')
    module, package = PACKAGES[chosen]
    if find_spec(module) is None:
        raise EngineError(f'engine {chosen} needs the package {package}: pip install {package}')
    if chosen == 'litert':
        from digiphys_ros.perception.engines.litert import LiteRTEngine
        return LiteRTEngine(bundle, threads), f'engine litert: {why}'
    if chosen == 'onnx':
        from digiphys_ros.perception.engines.onnx import OnnxEngine
        onnx = OnnxEngine(bundle, threads)
        return onnx, f'engine onnx on {onnx.device}: {why}'
    from digiphys_ros.perception.engines.tensorflow import TensorFlowEngine
    engine = TensorFlowEngine(bundle, threads, xla=xla, mixed_precision=mixed_precision)
    return engine, f'engine tensorflow on {engine.device}: {why}'


def _choose(bundle: Bundle) -> tuple[str, str]:
    for_tensorflow = bundle.file('keras') or bundle.file('savedmodel')
    installed = {kind: find_spec(module) is not None for kind, (module, _) in PACKAGES.items()}
    if for_tensorflow and installed['tensorflow'] and Path('/dev/nvidia0').exists() \
            and tensorflow_sees_gpu():
        return 'tensorflow', 'this machine has an NVIDIA GPU'
    if bundle.file('litert') and installed['litert']:
        return 'litert', 'no GPU, and the bundle holds a LiteRT model'
    if for_tensorflow and installed['tensorflow']:
        return 'tensorflow', 'LiteRT is not installed, or the bundle holds no LiteRT model'
    if bundle.file('onnx') and installed['onnx']:
        return 'onnx', 'the bundle holds nothing else that can run here'
    raise EngineError(
        f'{bundle.directory}: holds {", ".join(bundle.manifest.files)}, and no engine for it is '
        'installed: pip install ai-edge-litert (small) or pip install tensorflow')


def tensorflow_sees_gpu() -> bool:
    """Return whether TensorFlow, which is imported for it, sees a GPU."""
    from digiphys_ros.perception.engines.tensorflow import sees_gpu
    return sees_gpu()


def check_golden(bundle: Bundle, engine: Engine) -> None:
    """
    Run the golden frames through preprocessing and engine and compare the logits.

    :raises BundleError: when the model does not answer as it did when it was exported.
    """
    frames, expected = bundle.golden()
    preprocess = Preprocessor(engine.spec)
    # one by one, as on the robot: an engine may keep memory for each size of a batch
    logits = np.concatenate([engine.infer(preprocess(Frame(frame, bundle.spec.colour)))
                             for frame in frames])
    if logits.shape != expected.shape:
        raise BundleError(f'{bundle.directory}: the model gives logits of shape {logits.shape}, '
                          f'the golden frames expect {expected.shape}.')
    allowed = engine.tolerance * max(float(np.abs(expected).max()), 1.0)
    worst = float(np.abs(logits - expected).max())
    if not worst <= allowed:
        raise BundleError(f'{bundle.directory}: engine {engine.name} misses a golden logit by '
                          f'{worst:.4g}, allowed is {allowed:.4g}: model or preprocessing is '
                          'not what was exported.')


def warm_up(engine: Engine, most: int) -> None:
    """
    Run a batch of each size up to ``most``.

    An engine prepares itself for a size when it first meets it, as long as many frames take.
    """
    for size in range(1, most + 1):
        engine.infer(np.zeros((size, *engine.spec.shape[1:]), engine.spec.dtype))
