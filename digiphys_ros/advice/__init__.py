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

"""
Advice to a person, who decides: no command follows from it.

Every advice and every decision is logged in an audit log before it is published. Cases wait for a
decision in a queue, the uncertain ones first.
"""

from digiphys_ros.advice.audit import AuditLog
from digiphys_ros.advice.chain import Finding
from digiphys_ros.advice.desk import Advice, case_id, Desk, Image, Model, review
from digiphys_ros.advice.explanation import Explainer, Explanation, occlusion_sensitivity
from digiphys_ros.advice.queue import Case, ReviewQueue
from digiphys_ros.advice.reason import reason
from digiphys_ros.advice.verify import read_key, verify

__all__ = ['Advice', 'AuditLog', 'Case', 'Desk', 'Explainer', 'Explanation', 'Finding', 'Image',
           'Model', 'ReviewQueue', 'case_id', 'occlusion_sensitivity', 'read_key', 'reason',
           'review', 'verify']
