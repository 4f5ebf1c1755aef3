"""Prints what TensorBoard's own writer makes of four events: python make_golden.py > golden.json (tensorboard 2.21)."""

import io
import json

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tensorboard.plugins.hparams.metadata import NULL_TENSOR, SESSION_START_INFO_TAG, create_summary_metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionStartInfo
from tensorboard.summary.writer.record_writer import RecordWriter


def record(event: Event) -> str:
    buffer = io.BytesIO()
    buffer.close = lambda: None
    writer = RecordWriter(buffer)
    writer.write(event.SerializeToString(deterministic=True))
    writer.flush()
    return buffer.getvalue().hex()


scalars = Summary(value=[
    Summary.Value(tag="accuracy/test", simple_value=0.75),
    Summary.Value(tag="fc1/alpha", simple_value=3.5),
])
histogram = HistogramProto(
    min=1, max=51, num=3, sum=54, sum_squares=2606,
    bucket_limit=[float(i + 2) for i in range(50)],
    bucket=[1, 1] + [0] * 47 + [1],
)
session = SessionStartInfo(start_time_secs=1.5)
session.hparams["batchSize"].number_value = 16
session.hparams["batchSizeIsRight"].bool_value = True
session.hparams["optimizer.type"].string_value = "sgd"
hparams = Summary(value=[Summary.Value(
    tag=SESSION_START_INFO_TAG,
    metadata=create_summary_metadata(HParamsPluginData(session_start_info=session)),
    tensor=NULL_TENSOR,
)])
print(json.dumps({
    "version": record(Event(wall_time=1.5, file_version="brain.Event:2")),
    "scalars": record(Event(wall_time=1.5, step=3, summary=scalars)),
    "hparams": record(Event(wall_time=1.5, step=1, summary=hparams)),
    "histogram": record(Event(wall_time=1.5, step=300, summary=Summary(
        value=[Summary.Value(tag="fc1/log10_eigenvalues", histo=histogram)]))),
}, indent=2))
