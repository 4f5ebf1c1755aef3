"""Time of WeightWatcher on the layers of a file: python weightwatcher_spectra.py FILE OPTIONS (JSON, as `analyze` takes them)."""
import json
import sys
import tempfile

from measure import serve
from weightwatcher_files import VERSIONS, analyze, flat_files

with tempfile.TemporaryDirectory() as folder:
    flat_files(sys.argv[1], folder)
    options = json.loads(sys.argv[2])

    def work(_seconds):
        analyze(folder, options)
        return 1

    serve(dict(name="WeightWatcher", versions=VERSIONS), work)
