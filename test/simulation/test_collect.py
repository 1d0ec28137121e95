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


from pathlib import Path

import cv2
from digiphys_ros.errors import UsageError
from digiphys_ros.learning.datasets import open_dataset, split_dataset
from digiphys_ros.simulation.applications import APPLICATIONS
from digiphys_ros.simulation.collect import collect, labels_of
import numpy as np
import pytest


def pictures(folder):
    return {str(path.relative_to(folder)): cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            for path in sorted(Path(folder).rglob('*.png'))}


@pytest.mark.parametrize(('app', 'count'), [
    ('traffic', 21), ('signals', 4), ('sorting', 6), ('triage', 4)])
def test_what_is_collected_is_a_data_set_alike_many_of_each_class(drawing, tmp_path, app, count):
    report = collect(app, tmp_path, count=count)
    data = open_dataset(str(tmp_path))
    assert report['total'] == len(data) == len(pictures(tmp_path))
    assert set(report['pictures']) == set(data.labels) <= set(labels_of(app))
    assert max(report['pictures'].values()) <= -(-count // len(labels_of(app)))
    assert report['total'] >= 0.8 * count
    shape = {'traffic': (204, 204, 3), 'signals': (240, 320, 3), 'sorting': (240, 320, 3)}
    assert data.read(0).shape == shape.get(app, data.read(0).shape)
    assert set(labels_of(app)) >= set(getattr(APPLICATIONS[app], 'LABELS', ()))


def test_no_world_is_in_training_and_in_validation(drawing, tmp_path):
    collect('sorting', tmp_path, count=60)
    data = open_dataset(str(tmp_path))
    worlds = np.array([Path(key).parent.name for key in data.keys])
    assert len(set(zip(worlds.tolist(), data.classes.tolist(), strict=True))) > len(set(worlds))
    split = split_dataset(data, 0.3)
    assert len(split.validation)
    assert not set(worlds[split.train]) & set(worlds[split.validation])


def test_the_same_seed_collects_the_same_pictures_and_another_one_others(drawing, tmp_path):
    for name, seed in (('a', 1), ('b', 1), ('c', 2)):
        collect('sorting', tmp_path / name, count=6, seed=seed)
    first, again, other = (pictures(tmp_path / name) for name in 'abc')
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(name not in other or not np.array_equal(first[name], other[name])
               for name in first)


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / 'mine.txt').write_text('x')
    with pytest.raises(UsageError, match='a new or empty folder is needed'):
        collect('sorting', tmp_path, count=6)
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']
