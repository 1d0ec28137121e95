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

"""From the bytes of a camera message to calibrated scores or an abstention."""

from digiphys_ros.perception.classify import Classification, Classifier
from digiphys_ros.perception.engines import check_golden, create_engine, Engine, warm_up
from digiphys_ros.perception.frame import decode_compressed, decode_image, Frame
from digiphys_ros.perception.preprocess import Preprocessor
from digiphys_ros.perception.sources import open_source, SourceFrame

__all__ = [
    'Classification',
    'Classifier',
    'Engine',
    'Frame',
    'Preprocessor',
    'SourceFrame',
    'check_golden',
    'create_engine',
    'decode_compressed',
    'decode_image',
    'open_source',
    'warm_up',
]
