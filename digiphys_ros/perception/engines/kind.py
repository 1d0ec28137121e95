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

"""Declaration and registry of engines."""

from dataclasses import dataclass

from digiphys_ros.errors import EngineError
from digiphys_ros.registry import Registry


@dataclass(frozen=True)
class EngineKind:
    """
    The declaration of an engine.

    :ivar engine: ``module:attribute`` of an ``Engine`` class or of a function that returns one. It
        is called with a bundle and the keywords in ``options``, and imported at that time.
    :ivar module: the required module.
    :ivar package: the pip package of that module.
    :ivar files: supported file formats, such as ``litert``; a bundle needs one of them.
    :ivar options: supported options, of ``threads``, ``xla`` and ``mixed_precision``.
    :ivar reports_device: whether logs name the device.

    Example::

        >>> EngineKind('my_package.engine:MyEngine', 'my_runtime', 'my-runtime', ('onnx',)).options
        ('threads',)
    """

    engine: str
    module: str
    package: str
    files: tuple[str, ...]
    options: tuple[str, ...] = ('threads',)
    reports_device: bool = True


LITERT = EngineKind('digiphys_ros.perception.engines.litert:LiteRTEngine', 'ai_edge_litert',
                    'ai-edge-litert', ('litert',), reports_device=False)
TENSORFLOW = EngineKind('digiphys_ros.perception.engines.tensorflow:TensorFlowEngine',
                        'tensorflow', 'tensorflow', ('keras', 'savedmodel'),
                        ('threads', 'xla', 'mixed_precision'))
ONNX = EngineKind('digiphys_ros.perception.engines.onnx:OnnxEngine', 'onnxruntime', 'onnxruntime',
                  ('onnx',))

ENGINES: Registry[EngineKind] = Registry(
    'digiphys_ros.engines', 'engine',
    {name: f'{__name__}:{name.upper()}' for name in ('litert', 'tensorflow', 'onnx')},
    needs=('engine', 'module', 'package', 'files', 'options', 'reports_device'),
    error=EngineError)
"""Engines by name; another package adds one with an entry point that names an EngineKind."""
