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

"""The reason of an advice, in one sentence."""

from collections.abc import Sequence

from digiphys_ros.advice.explanation import Explanation


def reason(scores: Sequence[tuple[str, float]], abstain_below: float | None,
           explanation: Explanation | None = None) -> str:
    """
    Return the reason as one sentence.

    :param scores: classes with calibrated confidence, best first; empty for an abstention.
    :param abstain_below: confidence below which the classifier abstains, if known.
    :param explanation: the part of the image that the answer depends on, if known.
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
