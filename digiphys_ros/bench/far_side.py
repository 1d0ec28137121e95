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
Run a classifier on the other machine and count the images that it receives.

Usage: far_side.py raw|jpeg SECONDS. Ends when the images end,
after SECONDS at the latest; prints as JSON how many were received and classified.
"""

import json
import os
import signal
import sys

from digiphys_ros.bench.running import is_active, LITERT, observe, run_nodes, wait
from digiphys_ros.ros.diagnostics import SILENT

CLASSIFIER = ('classifier',)


def main() -> None:
    encoding, seconds = sys.argv[1], float(sys.argv[2])
    parameters = {'classifier': {
        **LITERT['classifier'], 'image_transport': 'compressed' if encoding == 'jpeg' else 'raw'}}
    # an exception here ends the node too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with observe() as observer, run_nodes(parameters, CLASSIFIER, environment=os.environ):
        wait(observer, is_active(observer, CLASSIFIER), 'active classifier')

        def value(name: str) -> str:
            return str(observer.diagnostic('classifier', name))
        wait(observer, lambda: int(value('received') or 0) > 0, 'image from the other machine')
        wait(observer, lambda: value('message').startswith(SILENT), 'end of the images', seconds)
        print(json.dumps({name: int(value(name)) for name in ('received', 'classified')}))


if __name__ == '__main__':
    main()
