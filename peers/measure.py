"""The child's half of a measurement: see bench/measuringChild.ts for the other."""
import json
import os
import resource
import sys
import time


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_rss_kib():
    # On Linux getrusage begins with what the parent had when it started this process.
    if not sys.platform.startswith("linux"):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM:")).split()[1])


def serve(facts, work):
    """Prints the facts, then answers each line on stdin (seconds) with what `work(seconds)` did: it returns a number of units."""
    answer(facts)
    for line in sys.stdin:
        cpu, wall = cpu_seconds(), time.perf_counter()
        units = work(float(line))
        wall_s, cpu_s = time.perf_counter() - wall, cpu_seconds() - cpu
        answer(dict(units=units, wall_s=wall_s, cpu_s=cpu_s, peak_rss_mib=peak_rss_kib() / 1024))


def answer(message):
    # Libraries print where they like; answers go to the stdout of the start only.
    os.write(ANSWERS, (json.dumps(message) + "\n").encode())


ANSWERS = os.dup(1)
os.dup2(2, 1)
