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

import subprocess
import sys

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import open_source
from digiphys_ros.perception.sources.options import CaptureOptions
import pytest

SOURCE = """
import numpy as np
from digiphys_ros.perception.sources.reader import SourceFrame

class Reader:
    live = False

    def __init__(self, count, width):
        self._count, self._width = count, width or 5

    def frames(self, unreadable):
        for index in range(self._count):
            yield SourceFrame(np.full((4, self._width), index, np.uint8), 'mono8')

def open_count(uri, options):
    return Reader(int(uri.rpartition('/')[2]), options.width)
"""


@pytest.mark.parametrize('uri', ['count_up://camera/3', 'count_up:/3'])
def test_source_of_another_package_opens_name_and_colon(add_package, uri):
    add_package('count_package', 'digiphys_ros.sources', 'count_up = count_package:open_count',
                source=SOURCE)
    frames = list(open_source(uri, options=CaptureOptions(width=8)))
    assert [int(frame.pixels.max()) for frame in frames] == [0, 1, 2]
    assert frames[0].pixels.shape == (4, 8)


def test_source_unknown_protocol_lists_those_of_other_packages(add_package):
    add_package('count_package', 'digiphys_ros.sources', 'count_on = count_package:open_count')
    with pytest.raises(SourceError, match=r'gige:// is not read, allowed .*count_on://'):
        open_source('gige://camera')


def test_source_import_failure_is_named(add_package):
    add_package('lost_package', 'digiphys_ros.sources', 'lost_source = lost_package:open')
    with pytest.raises(SourceError, match='image source "lost_source" of package lost_package'):
        open_source('lost_source://7')


def test_built_in_source_reads_no_entry_points(tmp_path):
    script = ('import sys; from digiphys_ros.errors import SourceError;'
              'from digiphys_ros.perception.sources import open_reader;'
              'known = "importlib.metadata" in sys.modules;'
              'open_reader(sys.argv[1]); open_reader("rtsp://camera/1"); open_reader("0");'
              'print(known or "importlib.metadata" not in sys.modules)')
    done = subprocess.run([sys.executable, '-c', script, str(tmp_path)], capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip() == 'True'
