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
Check a SavedModel before TensorFlow loads it.

Its graph is a program: its operations could write files, open connections or run Python when the
model is loaded or run. Only operations that just compute are allowed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
import re
from typing import Any

from digiphys_ros.errors import EngineError
from digiphys_ros.files import MODEL_BYTES, read_bytes, reason_of

GRAPH_BYTES = 1 << 30
STATEFUL = frozenset((
    'Assert', 'AssignAddVariableOp', 'AssignSubVariableOp', 'AssignVariableOp', 'Case',
    'CheckNumerics', 'CheckNumericsV2', 'CudnnRNN', 'CudnnRNNV2', 'CudnnRNNV3',
    'DestroyResourceOp', 'DisableCopyOnRead', 'Empty', 'GuaranteeConst', 'HashTableV2', 'If',
    'LookupTableFindV2', 'LookupTableImportV2', 'LookupTableSizeV2', 'Multinomial',
    'ParameterizedTruncatedNormal', 'RandomStandardNormal', 'RandomUniform', 'RandomUniformInt',
    'ReadVariableOp', 'ResourceGather', 'ResourceGatherNd', 'RngReadAndSkip',
    'StatefulPartitionedCall', 'StatefulStandardNormalV2', 'StatefulUniform',
    'StatelessRandomGetAlg', 'TensorArrayCloseV3', 'TensorArrayConcatV3', 'TensorArrayGatherV3',
    'TensorArrayReadV3', 'TensorArrayScatterV3', 'TensorArraySizeV3', 'TensorArraySplitV3',
    'TensorArrayV3', 'TensorArrayWriteV3', 'TruncatedNormal', 'VarHandleOp',
    'VarIsInitializedOp', 'VariableShape', 'While'))
"""Operations whose only effect is on variables of the model."""
UNSAFE = re.compile(
    'File|Dataset|Iterator|Reader|Record|Summary|Debug|PyFunc|Queue|TPU|Xla|Proto|Send|Recv|^_|'
    '^(Abort|Batch|BatchFunction|Copy|CopyHost|GenerateVocabRemapping|ImmutableConst|'
    'SymbolicGradient|Unbatch)$')
"""Operations that TensorFlow calls stateless, but that access files, networks or the process."""
SAVING = frozenset(('MergeV2Checkpoints', 'RestoreV2', 'SaveV2', 'ShardedFilename'))
"""Of the functions that would save and restore the variables; each SavedModel has them. They are
never called: TensorFlow reads the variables by itself."""


def check_saved_model(path: Path) -> None:
    """
    Refuse a SavedModel with operations that do more than compute.

    :raises EngineError: naming the operation, or why the file cannot be read.
    """
    graph = _graph(path)
    library = {function.signature.name: function for function in graph.graph_def.library.function}
    called = _reached(graph.object_graph_def.concrete_functions, library)
    _check(path, 'graph', graph.graph_def.node, SAVING)
    for name, function in library.items():
        # TensorFlow may replace a function by another implementation
        spare = name not in called and 'api_implements' not in function.attr
        _check(path, name, function.node_def, SAVING if spare else frozenset())
    if graph.graph_def.library.gradient:
        raise EngineError(f'{path}: defines gradients of its own, which no inference needs: '
                          'export the model again.')
    _check_variables(path)


def _graph(path: Path) -> Any:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2
    file = path / 'saved_model.pb'
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(read_bytes(file, GRAPH_BYTES))
    except (OSError, DecodeError) as error:
        raise EngineError(f'{file}: cannot be read as a SavedModel: {reason_of(error)}.'
                          ) from error
    if len(model.meta_graphs) != 1 or not model.meta_graphs[0].HasField('object_graph_def'):
        # loading an older one runs operations of the graph
        raise EngineError(f'{file}: is no SavedModel of TensorFlow 2: export the model again with '
                          'TensorFlow 2.')
    return model.meta_graphs[0]


def _reached(names: Iterable[str], library: Mapping[str, Any]) -> set[str]:
    """Return all functions that loading or inference may call."""
    waiting, reached = list(names), set()
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        for node in library[name].node_def if name in library else ():
            for value in node.attr.values():
                waiting += [value.func.name] if value.HasField('func') else []
                waiting += [function.name for function in value.list.func]
    return reached


def _check(path: Path, function: str, nodes: Iterable[Any], also: frozenset[str]) -> None:
    from tensorflow.python.framework import op_def_registry
    for node in nodes:
        if node.op in also:
            continue
        definition = op_def_registry.get(node.op)
        if definition is None or UNSAFE.search(node.op) or \
                (definition.is_stateful and node.op not in STATEFUL):
            raise EngineError(
                f'{path}: operation {node.op[:80]!r} ({function[:80]}) does more than compute, as '
                'it may reach files, the network or other code: it is not run. Use a model that '
                'you trust, and export it without that operation.')


def _check_variables(path: Path) -> None:
    """Check the size of the variables before memory is allocated for them."""
    import tensorflow as tf
    if not (path / 'variables' / 'variables.index').is_file():
        return
    try:
        reader = tf.train.load_checkpoint(str(path / 'variables' / 'variables'))
        shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        total = sum(tf.TensorShape(shape).num_elements() * max(types[name].size or 0, 1)
                    for name, shape in shapes.items())
    except Exception as error:  # TensorFlow raises many types for a damaged index
        raise EngineError(f'{path}: its variables cannot be read: '
                          f'{reason_of(error)[:200]}.') from error
    if total > MODEL_BYTES:
        raise EngineError(f'{path}: its variables need {total / 1e9:.1f} GB, and at most '
                          f'{MODEL_BYTES / 1e9:.1f} GB are loaded.')
