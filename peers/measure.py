"""The child's half of a measurement: see bench/measuringChild.ts for the other."""
import json
import os
import resource
import sys
import time


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def serve(facts, work):
    """Prints the facts, then answers each line on stdin (seconds) with what `work(seconds)` did: it returns a number of units."""
    answer(facts)
    for line in sys.stdin:
        cpu, wall = cpu_seconds(), time.perf_counter()
        units = work(float(line))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer(dict(units=units, wall_s=time.perf_counter() - wall, cpu_s=cpu_seconds() - cpu, peak_rss_mib=peak))


def answer(message):
    # Libraries print where they like; answers go to the stdout of the start only.
    os.write(ANSWERS, (json.dumps(message) + "\n").encode())


ANSWERS = os.dup(1)
os.dup2(2, 1)
