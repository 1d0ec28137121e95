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

from itertools import islice

from digiphys_ros.bench.upside_down import watch
from digiphys_ros.bundles import load_bundle
from digiphys_ros.perception import Classifier, create_engine
from digiphys_ros.perception.sources import open_source
from digiphys_ros.resources import find_resource


def test_watch_drive_upside_down_stops_and_upright_moves(data_dir):
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    classifier = Classifier(bundle, create_engine(bundle, 'litert')[0])
    source = open_source(str(data_dir / 'driving_track2a.zip'))
    images = [one.pixels for one in islice(source, 400)]
    upright, turned = (watch(images, turns, classifier) for turns in (0, 2))
    assert turned['last_motion_s'] < 4.0 < upright['last_motion_s']
    assert turned['answered'] < 0.1 < upright['answered']
