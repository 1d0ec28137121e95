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
import cv2
from digiphys_ros.bench.plot import draw

CASES = {
    'latency': [{'case': f'{name}, signs', 'model_ms': 0.1, 'bare_transport_ms': transport_ms,
                 'small_transport_ms': 0.5, 'p50_ms': 4.0, 'p99_ms': 7.0}
                for name, transport_ms in (('small', 1.0), ('large', 9.0))],
    'tutorial': [{'case': 'tutorial, signs', 'p50_ms': 90.0, 'most_hz': 9.0},
                 {'case': 'ours, signs', 'p50_ms': 4.0, 'most_hz': 300.0}],
    'load': [{'case': '1 camera(s), large', 'cameras': 1, 'hz': 20.0, 'alone_hz': 30.0},
             {'case': 'highest rate', 'value': '60 Hz'}],
    'memory': [{'case': 'gate, 640x480', 'resident_mb': 78.0, 'frames': 600},
               {'case': 'gate, 64x48', 'resident_mb': 78.0, 'grown_mb': 0.1, 'frames': 5000}],
    'engines': [{'case': 'signs', 'engine': 'litert', 'device': 'CPU',
                 'batch_ms': {'1': 0.1, '8': 0.6}}]}


def test_draw_writes_a_figure_for_each_benchmark_with_a_plot(tmp_path):
    paths = draw({**CASES, 'start': [{'case': 'start', 'value': '1 s'}]}, tmp_path / 'new')
    assert [path.stem for path in paths] == list(CASES)
    for path in paths:
        image = cv2.imread(str(path))
        assert len(set(map(tuple, image[::5, ::5].reshape(-1, 3)))) > 3


def test_draw_skips_benchmarks_that_did_not_run(tmp_path):
    assert draw({'load': CASES['load']}, tmp_path) == [tmp_path / 'load.png']
