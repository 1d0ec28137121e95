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

"""Labeled images and tables of many layouts, and their splits."""

from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.labels import read_labels
from digiphys_ros.learning.datasets.open import open_dataset
from digiphys_ros.learning.datasets.reader import READERS
from digiphys_ros.learning.datasets.scenery import background_crops
from digiphys_ros.learning.datasets.split import load_split, save_split, Split, split_dataset

__all__ = [
    'background_crops', 'Dataset', 'load_split', 'open_dataset', 'read_labels', 'READERS',
    'save_split', 'Split', 'split_dataset',
]
