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

from digiphys_ros.advice import Explanation, reason
import pytest


@pytest.mark.parametrize(('scores', 'threshold', 'sentence'), [
    ([], 0.6, 'No advice: the best calibrated confidence is below the abstain threshold of '
              '0.60.'),
    ([], None, 'No advice: the best calibrated confidence is below the abstain threshold.'),
    ([('normal', 0.934), ('pneumonia', 0.066)], 0.6,
     'normal with a calibrated confidence of 0.93, not below the abstain threshold of 0.60; next '
     'is pneumonia with 0.07.'),
    ([('normal', 0.7)], None, 'normal with a calibrated confidence of 0.70.'),
])
def test_reason_is_one_sentence(scores, threshold, sentence):
    assert reason(scores, threshold) == sentence


def test_reason_names_the_decisive_part_and_no_finding():
    sentence = reason([('pneumonia', 0.97)], None,
                      Explanation('lower left', (0.0, 2 / 3, 1 / 3, 1 / 3), 0.97, 0.41))
    assert sentence == (
        'pneumonia with a calibrated confidence of 0.97; covering the lower left of the image '
        'changes the confidence most, from 0.97 to 0.41: the answer depends on that part, which '
        'alone is not a finding.')
