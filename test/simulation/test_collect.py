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
from digiphys_ros.applications import APPLICATIONS, find_application, make_application
from digiphys_ros.errors import UsageError
from digiphys_ros.learning.datasets import open_dataset, split_dataset
from digiphys_ros.simulation import collect as collection
import numpy as np
import pytest


def collect(application, *arguments, **options):
    return collection.collect(find_application(application), *arguments, **options)


def labels_of(application):
    return find_application(application).parts().labels


def images(folder):
    return {str(path.relative_to(folder)): cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            for path in sorted(Path(folder).rglob('*.png'))}


@pytest.mark.parametrize(('app', 'count'), [
    ('traffic_signs', 21), ('traffic_lights', 5), ('sorting', 7), ('triage', 4)])
def test_collect_writes_a_data_set_with_balanced_classes(drawing, tmp_path, app, count):
    report = collect(app, tmp_path, count=count)
    data = open_dataset(str(tmp_path))
    assert report['total'] == len(data) == len(images(tmp_path))
    assert set(report['images']) == set(data.labels) == set(labels_of(app))
    assert report['total'] == count
    assert max(report['images'].values()) - min(report['images'].values()) <= 1
    shape = {'traffic_signs': (204, 204, 3), 'traffic_lights': (240, 320, 3),
             'sorting': (240, 320, 3)}
    assert data.read(0).shape == shape.get(app, data.read(0).shape)


def test_collect_world_is_never_in_both_training_and_validation(drawing, tmp_path):
    collect('sorting', tmp_path, count=60)
    data = open_dataset(str(tmp_path))
    worlds = np.array([Path(key).parent.name for key in data.keys])
    assert len(set(zip(worlds.tolist(), data.classes.tolist(), strict=True))) > len(set(worlds))
    split = split_dataset(data, 0.3)
    assert len(split.validation)
    assert not set(worlds[split.train]) & set(worlds[split.validation])


def test_collect_same_seed_gives_the_same_images(drawing, tmp_path):
    for name, seed in (('a', 1), ('b', 1), ('c', 2)):
        collect('sorting', tmp_path / name, count=6, seed=seed)
    first, again, other = (images(tmp_path / name) for name in 'abc')
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(name not in other or not np.array_equal(first[name], other[name])
               for name in first)


@pytest.mark.parametrize('app', APPLICATIONS)
def test_collect_fewer_images_than_classes_is_refused(tmp_path, app):
    classes = len(labels_of(app))
    with pytest.raises(UsageError, match=f'--count {classes - 1}: {app} shows {classes} classes'):
        collect(app, tmp_path / 'new', count=classes - 1)
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize(('app', 'quiet'), [
    ('sorting', lambda line: line.ground_truth() == 'no_part'),
    ('traffic_lights', lambda _: True)])
def test_varied_worlds_differ_in_static_parts_and_plain_worlds_do_not(
        drawing, app, quiet):
    def still(seed, **options):
        world = make_application(app, seed, **options)
        assert quiet(world)
        image = world.image().astype(float)
        # relative to its mean, so that light alone makes no difference
        return cv2.blur(image / image.mean(), (3, 3))

    def apart(**options):
        first, *others = (still(seed, **options) for seed in range(4))
        return [np.abs(first - other).mean() for other in others]
    assert min(apart(varied=True)) > 1.5 * max(apart())


def test_collect_folder_with_files_is_refused(tmp_path):
    (tmp_path / 'mine.txt').write_text('x')
    with pytest.raises(UsageError, match='is not an empty folder'):
        collect('sorting', tmp_path, count=6)
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']
