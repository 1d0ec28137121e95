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

"""Why an advice is what it is, in one sentence."""

from collections.abc import Sequence

from digiphys_ros.advice.explanation import Explanation


def reason(scores: Sequence[tuple[str, float]], abstain_below: float | None,
           explanation: Explanation | None = None) -> str:
    """
    Return one plain sentence.

    :param scores: classes with their calibrated confidence, best first; none when abstained.
    :param abstain_below: the confidence under which the classifier abstains, where it is known.
    :param explanation: what the answer hangs on, where it is known.
    """
    if not scores:
        threshold = '' if abstain_below is None else f' of {abstain_below:.2f}'
        return ('No advice: the best calibrated confidence is below the abstain threshold'
                f'{threshold}.')
    (label, score), *others = scores
    sentence = f'{label} with a calibrated confidence of {score:.2f}'
    if abstain_below is not None:
        sentence += f', not below the abstain threshold of {abstain_below:.2f}'
    if others:
        sentence += f'; next is {others[0][0]} with {others[0][1]:.2f}'
    if explanation is not None:
        sentence += f'; {explanation}'
    return f'{sentence}.'
