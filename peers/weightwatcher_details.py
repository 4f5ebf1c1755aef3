"""Prints WeightWatcher's details of the layers of files as JSON: python weightwatcher_details.py OPTIONS FILE..."""
import json
import math
import os
import sys
import tempfile

ANSWER = os.dup(1)
os.dup2(2, 1)

from weightwatcher_files import VERSIONS, analyze, flat_files  # noqa: E402



def plain(value):
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


details = []
for path in sys.argv[2:]:
    with tempfile.TemporaryDirectory() as folder:
        rows = analyze(flat_files(path, folder), json.loads(sys.argv[1]))
    details.append([{column: plain(value) for column, value in row.items()} for row in rows.to_dict("records")])
os.write(ANSWER, json.dumps(dict(versions=VERSIONS, files=details)).encode())
