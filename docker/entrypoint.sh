#!/bin/bash
# Run a command in the sourced workspace of the container.
set -e
source /workspace/install/setup.bash
exec "$@"
