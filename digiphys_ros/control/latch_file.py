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

"""An e-stop that outlasts the process: a gate that is started again must not forget it."""

from pathlib import Path


class LatchFile:
    """
    An empty file that is there while an e-stop is latched.

    :param path: its folder is made when it is needed.
    :raises OSError: from each method, when the system refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_held(self) -> bool:
        """Return whether an e-stop was latched and never reset."""
        return self.path.exists()

    def hold(self) -> None:
        """Remember it."""
        if not self.is_held():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()

    def release(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)
