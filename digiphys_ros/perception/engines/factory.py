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

"""Which engine runs a bundle on this machine."""

from importlib.util import find_spec
from pathlib import Path

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.errors import EngineError
from digiphys_ros.perception.engines.engine import Engine
from digiphys_ros.perception.engines.failure import one_sentence

PACKAGES = {'litert': ('ai_edge_litert', 'ai-edge-litert'), 'tensorflow': ('tensorflow',) * 2,
            'onnx': ('onnxruntime',) * 2}


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
    with one_sentence(f'{bundle.directory}: engine {chosen} cannot load the model'):
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
