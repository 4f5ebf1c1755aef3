"""Prints as JSON what the real TensorBoard reads from a folder of event files: python read_events.py FOLDER."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

accumulator = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0})
accumulator.Reload()
tags = accumulator.Tags()
print(json.dumps({
    "scalars": {tag: [[e.step, e.value] for e in accumulator.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {
        tag: [[e.step, e.histogram_value.num, sum(e.histogram_value.bucket)] for e in accumulator.Histograms(tag)]
        for tag in tags["histograms"]
    },
}))
