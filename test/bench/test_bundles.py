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
from digiphys_ros.bench.bundles import Model, runs_on_gpu
from digiphys_ros.bench.engines import engines
from digiphys_ros.bundles import load_bundle, PreprocessSpec
from digiphys_ros.errors import DigiphysError
from digiphys_ros.perception.engines import FakeEngine, onnx as onnx_module
from digiphys_ros.pipeline import model
from digiphys_ros.resources import find_resource
import pytest


def test_engines_that_give_other_logits_are_not_measured(monkeypatch):
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    engine = FakeEngine(bundle.spec, len(bundle.labels))
    monkeypatch.setattr(model, 'create_engine', lambda *args, **options: (engine, ''))
    [(_, make)] = engines(bundle, False, 'litert')
    for create in (make, Model(bundle.directory).engine):
        with pytest.raises(DigiphysError, match='golden'):
            create()


@pytest.mark.parametrize(('device', 'runs'), [('GPU', True), ('CUDA', True), ('CPU', False)])
def test_runs_on_gpu_is_true_for_a_gpu_device(monkeypatch, tmp_path, device, runs):
    engine = FakeEngine(PreprocessSpec(width=2, height=2), 5)
    monkeypatch.setattr(engine, 'device', device)
    monkeypatch.setattr(Model, 'engine', lambda self: engine)
    assert runs_on_gpu(tmp_path, 'auto') == runs


def test_runs_on_gpu_is_false_where_onnx_runtime_fails_on_cuda(monkeypatch, tmp_path):
    real = onnx_module.onnxruntime.InferenceSession

    def session(path, options, providers, **extra):
        if providers[0] == onnx_module.CUDA:
            raise RuntimeError('CUDA failure 100: no CUDA-capable device is detected')
        return real(path, options, providers)
    monkeypatch.setattr(onnx_module.onnxruntime, 'InferenceSession', session)
    monkeypatch.setattr(onnx_module.onnxruntime, 'get_available_providers',
                        lambda: [onnx_module.CUDA, onnx_module.CPU])
    assert not runs_on_gpu(tmp_path, 'onnx')
