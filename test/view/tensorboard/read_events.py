"""Prints as JSON what the real TensorBoard reads from a folder of event files: python read_events.py FOLDER."""

import json
import os
import sys

from google.protobuf.json_format import MessageToDict
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

folder = sys.argv[1]
accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "histograms": 0})
accumulator.Reload()
tags = accumulator.Tags()


def hparams() -> dict:
    """What the hparams tab of the folder above is drawn from."""
    logdir = os.path.dirname(folder)
    runs = EventMultiplexer().AddRunsFromDirectory(logdir)
    runs.Reload()
    provider = MultiplexerDataProvider(runs, logdir)
    context = backend_context.Context(TBContext(data_provider=provider, logdir=logdir))
    experiment = get_experiment.Handler(
        RequestContext(), context, "", api_pb2.GetExperimentRequest()
    ).run()
    request = api_pb2.ListSessionGroupsRequest(
        start_index=0,
        slice_size=10,
        allowed_statuses=api_pb2.Status.values(),
        col_params=[
            api_pb2.ColParams(metric=info.name, include_in_result=True) for info in experiment.metric_infos
        ] + [
            api_pb2.ColParams(hparam=info.name, include_in_result=True) for info in experiment.hparam_infos
        ],
    )
    groups = list_session_groups.Handler(RequestContext(), context, "", request).run()
    return [
        {
            "hparams": group["hparams"],
            "metrics": {one["name"]["tag"]: one["value"] for one in group["metricValues"]},
            "session": [one["name"] for one in group["sessions"]],
        }
        for group in MessageToDict(groups)["sessionGroups"]
    ]


print(json.dumps({
    "hparams": hparams(),
    "scalars": {tag: [[e.step, e.value] for e in accumulator.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {
        tag: [[e.step, e.histogram_value.num, sum(e.histogram_value.bucket)] for e in accumulator.Histograms(tag)]
        for tag in tags["histograms"]
    },
}))
