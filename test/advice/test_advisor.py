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

from digiphys_ros.advice import Explanation, Model
from digiphys_ros.advice.advisor import Advisor, KEPT_IMAGES, open_log
from digiphys_ros.errors import AdviceError, AuditError, ConfigError, DigiphysError, FrameError
from digiphys_ros.perception import Frame
import numpy as np
import pytest

MODEL = Model('chest_xray', 'a' * 64, 0.5)
SCORES = [('normal', 0.2), ('effusion', 0.7)]


class Explainer:
    """Stands for the model that classifies once more."""

    hash = MODEL.hash

    def __call__(self, frame, scores, model_hash):
        return Explanation('middle', (0.0, 0.0, 1.0, 1.0), scores[0][1], 0.1)


@pytest.fixture
def advisor(tmp_path):
    one = Advisor(open_log(tmp_path / 'log.jsonl', ''), Explainer())
    one.model = MODEL
    return one


def frame():
    return Frame(np.zeros((8, 8), np.uint8), 'mono')


def test_advise_best_class_first_with_explanation_of_the_image(advisor):
    advisor.see('a@1.0', b'pixels', frame)
    advice = advisor.advise('a@1.0', SCORES, 1.0)
    assert advice.label == 'effusion'
    assert 'covering the middle of the image changes the confidence most' in advice.reason
    figures = advisor.figures()
    assert (figures['advised'], figures['open'], figures['next']) == (1, 1, 'a@1.0')
    assert not advisor.problem(active=True)


def test_advise_without_a_model_is_refused(advisor):
    advisor.restart()
    assert advisor.advise('a@1.0', SCORES, 1.0) is None
    assert advisor.figures()['refused'] == 1
    assert advisor.problem(active=True).startswith('waits for vision_info')


def test_advise_undecodable_image_has_no_explanation(advisor):
    def broken():
        raise FrameError('too short')
    advisor.see('a@1.0', b'pixels', broken)
    assert advisor.advise('a@1.0', SCORES, 1.0).label == 'effusion'
    assert advisor.unexplained == 'too short'
    assert advisor.figures()['unexplained'] == 1


def test_see_keeps_only_the_last_images(advisor):
    for index in range(KEPT_IMAGES + 1):
        advisor.see(f'a@{index}.0', b'pixels', frame)
    assert 'middle' not in advisor.advise('a@0.0', SCORES, 1.0).reason
    assert 'middle' in advisor.advise('a@1.0', SCORES, 1.0).reason


def test_decide_closes_the_case_and_refuses_an_unknown_one(advisor):
    advisor.advise('a@1.0', SCORES, 1.0)
    advisor.decide('a@1.0', 'normal', 'Dr. A', '', 2.0)
    assert advisor.figures()['open'] == 0
    with pytest.raises(DigiphysError) as refused:
        advisor.decide('a@9.0', 'normal', 'Dr. A', '', 2.0)
    advisor.refuse(refused.value)
    assert advisor.figures()['refused'] == 1
    assert advisor.problem(active=True) == str(refused.value)


def test_problem_names_a_log_failure_until_it_is_gone(advisor):
    advisor.refuse(AuditError('the disk is full'))
    assert advisor.unlogged == 'the disk is full'
    advisor.advise('a@1.0', SCORES, 1.0)
    assert not advisor.unlogged


def test_problem_names_an_explainer_of_another_model(advisor):
    advisor.model = Model('other', 'b' * 64)
    assert advisor.problem(active=True).startswith('parameter `bundle`: is not other')


def test_problem_names_duplicate_models_last(advisor):
    assert advisor.problem(active=True, duplicates='2 publishers') == '2 publishers'
    advisor.refuse(AdviceError('no such case'))
    assert advisor.problem(active=True, duplicates='2 publishers') == 'no such case'


@pytest.mark.parametrize(('content', 'key', 'parameter'), [
    (b'', 'missing.key', 'audit_key'), (b'nonsense\n', '', 'audit_log')])
def test_open_log_error_names_the_parameter(tmp_path, content, key, parameter):
    path = tmp_path / 'log.jsonl'
    if content:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=f'parameter `{parameter}`'):
        open_log(path, key and str(tmp_path / key))
