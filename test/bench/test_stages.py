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
from dataclasses import replace

from digiphys_ros.bench import stages
from digiphys_ros.bundles import load_bundle
from digiphys_ros.perception import Classifier
from digiphys_ros.perception.engines import FakeEngine
from digiphys_ros.resources import find_resource


def test_stages_abstain_as_the_classifier_does(monkeypatch):
    sent = []
    monkeypatch.setattr(stages, 'PASSES', 1)
    monkeypatch.setattr(stages, 'classification_message',
                        lambda scores, header: sent.append(list(scores)))
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    engine = FakeEngine(bundle.spec, len(bundle.labels))
    for abstain_below, count in ((0.0, 3), (1.0, 0)):
        own = replace(bundle, manifest=bundle.manifest.model_copy(
            update={'abstain_below': abstain_below}))
        times_ms = stages.stages_ms((64, 48), 'raw', Classifier(own, engine))
        assert tuple(times_ms) == stages.STAGES
        assert [len(scores) for scores in sent] == [count] * stages.FRAMES
        sent.clear()
