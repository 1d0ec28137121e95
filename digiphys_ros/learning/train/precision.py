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

"""Half precision, which is faster on GPUs and some CPUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digiphys_ros.perception.engines import tensorflow_sees_gpu

FLOAT16, BFLOAT16 = 'mixed_float16', 'mixed_bfloat16'


def half_policy(cpuinfo: Path = Path('/proc/cpuinfo')) -> str | None:
    """
    Return the Keras policy that is faster than float32 on this machine, or None.

    Float16 on a GPU; bfloat16 on a CPU with AVX-512 BF16.

    :param cpuinfo: text of /proc/cpuinfo.
    """
    if tensorflow_sees_gpu():
        return FLOAT16
    try:
        return BFLOAT16 if 'avx512_bf16' in cpuinfo.read_text(errors='replace').split() else None
    except OSError:
        return None


@contextmanager
def half_precision(model: Any, policy: str | None) -> Iterator[None]:
    """
    Compute in half precision within the context; weights stay float32.

    Dense layers still compute in float32: they take little time, and logits and spatial
    transformers need the precision. With float16 the optimizer must scale the loss.

    :param policy: result of ``half_policy``; None changes nothing.
    """
    if policy is None:
        yield
        return
    import keras
    layers = [layer for layer in model._flatten_layers(include_self=False)
              if not isinstance(layer, keras.layers.Dense)]
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.dtype_policy = own
