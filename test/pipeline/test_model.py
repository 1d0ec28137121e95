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

import re

from digiphys_ros.bundles import Bundle, load_bundle
from digiphys_ros.errors import BundleError, ConfigError
from digiphys_ros.perception import Frame
from digiphys_ros.perception.engines import FakeEngine
from digiphys_ros.pipeline.model import load_model, Model, ModelSlot
from digiphys_ros.resources import share_dir
import numpy as np
import pytest

SIGNS = share_dir() / 'models' / 'traffic_signs'
PACKAGE = share_dir() / 'digiphys_ros'


def test_load_model_accepts_a_name_a_path_and_a_bundle():
    read = load_bundle(SIGNS)
    for bundle in ('traffic_signs', SIGNS, read):
        model = load_model(bundle, 'litert', threads=1)
        assert model.bundle == read
        assert model.engine.name == 'litert'
    assert str(model) == f'traffic_signs {read.hash[:12]}: engine litert: requested'


def test_load_model_missing_bundle_is_named():
    with pytest.raises(ConfigError, match='"no_such_bundle" was not found'):
        load_model('no_such_bundle')


def test_load_model_wrong_golden_logits_are_refused():
    manifest = load_bundle(SIGNS).manifest
    other = manifest.model_copy(update={'preprocess': manifest.preprocess.model_copy(
        update={'scale': manifest.preprocess.scale * 2})})
    with pytest.raises(BundleError, match='misses a golden logit'):
        load_model(Bundle(SIGNS, other), 'litert')


def test_load_model_warms_up_every_size_of_a_batch(monkeypatch):
    sizes = []
    monkeypatch.setattr('digiphys_ros.pipeline.model.warm_up',
                        lambda engine, most: sizes.append(most))
    load_model(SIGNS, 'litert', batch=3)
    assert sizes == [3]


def test_only_load_model_creates_and_checks_an_engine():
    users = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob('*.py')
             if re.search(r'\bcheck_golden\(', path.read_text())}
    assert users == {'pipeline/model.py', 'perception/engines/golden.py'}


class Loads:
    """Replacement for ``load_model``: counts calls, and refuses a bundle named bad."""

    def __init__(self):
        self.bundle, self.loaded = load_bundle(SIGNS), []

    def __call__(self, name):
        self.loaded.append(name)
        if name == 'bad':
            raise BundleError('bad: is no bundle.')
        return Model(self.bundle, FakeEngine(self.bundle.spec, len(self.bundle.labels)), name)


@pytest.fixture
def loads():
    return Loads()


def test_slot_prepared_model_is_not_loaded_again(loads):
    slot = ModelSlot(loads)
    first = slot.swap('one')
    slot.prepare('two')
    assert slot.classifier is first
    second = slot.swap('two', top_k=1)
    assert slot.classifier is second is not first
    assert loads.loaded == ['one', 'two']
    frame = Frame(np.zeros((64, 64, 3), np.uint8), 'rgb')
    assert len(second(frame).scores) <= 1


def test_slot_model_that_fails_keeps_the_old_one_in_use(loads):
    slot = ModelSlot(loads)
    first = slot.swap('one')
    for prepares in (True, False):
        if prepares:
            slot.prepare('bad')
        with pytest.raises(BundleError, match='is no bundle'):
            slot.swap('bad')
        assert slot.classifier is first
    # an error is raised once: the next try loads again
    assert loads.loaded == ['one', 'bad', 'bad']


def test_slot_other_model_than_the_prepared_one_is_loaded(loads):
    slot = ModelSlot(loads)
    slot.prepare('two')
    slot.swap('one')
    assert loads.loaded == ['two', 'one']


def test_slot_same_model_with_another_region_keeps_its_engine(loads):
    slot = ModelSlot(loads)
    engine = slot.swap('one').engine
    assert slot.swap(roi=(0.0, 0.0, 0.5, 0.5)).engine is engine
    assert loads.loaded == ['one']


def test_slot_after_clear_needs_a_bundle(loads):
    slot = ModelSlot(loads)
    slot.swap('one')
    slot.clear()
    assert slot.classifier is None
    with pytest.raises(ValueError, match='name a bundle'):
        slot.swap()


def test_slot_classifies_as_the_shipped_model_does():
    classifier = ModelSlot(lambda name: load_model(name, 'litert')).swap('traffic_signs')
    frames, logits = classifier.bundle.golden()
    found = [classifier(Frame(frame, classifier.bundle.spec.color)).probabilities.argmax()
             for frame in frames]
    assert found == logits.argmax(axis=1).tolist()
