#!/usr/bin/env bash
# Ends the Slurm that startSlurm.sh FOLDER has started, by the process ids it wrote down.
set -uo pipefail
folder=$(realpath "$1")
for daemon in slurmd slurmctld; do
  pid=$(cat "$folder/$daemon.pid" 2> /dev/null) && kill "$pid" 2> /dev/null
done
if [ -e "$folder/munged-is-ours" ]; then
  pid=$(cat /run/munge/munged.pid 2> /dev/null) && kill "$pid" 2> /dev/null
fi
exit 0
