#!/usr/bin/env bash
# Starts a Slurm of one node on loopback: startSlurm.sh FOLDER. Its configuration, FOLDER/slurm.conf, is what SLURM_CONF must name.
# Needs root and the Debian packages slurm-wlm and munge. stopSlurm.sh FOLDER ends it.
set -euo pipefail
folder=$(realpath "$1")
host=$(hostname -s)
mkdir -p "$folder"/{state,spool,log,munge}

if ! munge -n 2> /dev/null | unmunge > /dev/null 2>&1; then
  key=/etc/munge/munge.key
  if [ ! -s "$key" ]; then
    mkdir -p /etc/munge
    (umask 077 && head -c 1024 /dev/urandom > "$key")
  fi
  chown -R munge: /etc/munge && chmod 400 "$key"
  mkdir -p /run/munge /var/log/munge /var/lib/munge
  chown munge: /run/munge /var/log/munge /var/lib/munge
  chmod 755 /run/munge
  runuser -u munge -- munged --force
  touch "$folder/munged-is-ours"
fi

cat > "$folder/slurm.conf" << CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${SLURM_TEST_PORT:-16817}
SlurmdPort=$((${SLURM_TEST_PORT:-16817} + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,batch_sched_delay=1
ReturnToService=2
MpiDefault=none
# ended jobs stay known for as long as a test may take
MinJobAge=86400
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF

export SLURM_CONF="$folder/slurm.conf"
slurmctld
slurmd
for _ in $(seq 60); do
  [ "$(sinfo --noheader --format=%t 2> /dev/null)" = idle ] && exit 0
  sleep 0.5
done
echo "the node must become idle within 30 s, got: $(sinfo 2>&1)" >&2
tail -5 "$folder"/log/*.log >&2
exit 1
