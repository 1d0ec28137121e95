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

from types import SimpleNamespace

from digiphys_ros.ros.image_topics import COMPRESSED, explain_silence, RAW
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


class Graph:
    """A node with a graph of these topics: name, type and node of one publisher."""

    def __init__(self, *topics):
        self._topics = {name: (kind, node) for name, kind, node in topics}

    def get_fully_qualified_name(self):
        return '/classifier'

    def get_topic_names_and_types(self):
        return [(name, [kind]) for name, (kind, _) in self._topics.items()]

    def get_publishers_info_by_topic(self, topic):
        if topic not in self._topics:
            return []
        kind, node = self._topics[topic]
        return [SimpleNamespace(node_name=node, node_namespace='/', topic_type=kind)]


@pytest.mark.parametrize('topic', ['/image', '/image/compressed'])
def test_image_topics_exclude_debug_images(topic):
    graph = Graph(('/robot2/debug_image', RAW, 'other'),
                  ('/robot2/debug_image/compressed', COMPRESSED, 'other'))
    sentence, _ = explain_silence(graph, topic, topic[1:], compressed='compressed' in topic)
    assert sentence == 'nobody publishes images'
