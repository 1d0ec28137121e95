#!/bin/bash
# Run a command in the workspace of the container.
set -e
source /workspace/install/setup.bash
exec "$@"
