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

"""Networks by name; each one returns logits."""

from digiphys_ros.learning.networks.article import article_cnn
from digiphys_ros.learning.networks.build import build_network, options_of
from digiphys_ros.learning.networks.lora import add_lora, merge_lora
from digiphys_ros.learning.networks.registry import NETWORKS
from digiphys_ros.learning.networks.transfer import freeze, unfreeze
from digiphys_ros.learning.networks.tta import add_flip_tta

__all__ = ['add_flip_tta', 'add_lora', 'article_cnn', 'build_network', 'freeze', 'merge_lora',
           'NETWORKS', 'options_of', 'unfreeze']
