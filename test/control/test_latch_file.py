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

from digiphys_ros.control import LatchFile


def test_what_is_held_is_known_to_the_next_one_until_it_is_released(tmp_path):
    path = tmp_path / 'made' / 'when needed'
    LatchFile(path).hold()
    LatchFile(path).hold()
    assert LatchFile(path).is_held()
    LatchFile(path).release()
    LatchFile(path).release()
    assert not LatchFile(path).is_held()
