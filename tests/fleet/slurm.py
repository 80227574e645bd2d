# SPDX-License-Identifier: MIT
"""Slurm on the loopback device: slurmctld, two slurmd and munged of this process, with all files in one directory."""
import os
import shutil
import signal
import socket
import subprocess
import time

NEEDED = ("slurmctld", "slurmd", "munged", "mungekey", "sbatch", "scontrol", "scancel")

CONF = """ClusterName=lanebench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.sock
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobRequeue=0
KillWait=1
ReturnToService=2
SlurmdTimeout=3600
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool-%n
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd-%n.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd-%n.log
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def why_not():
    """Why Slurm cannot be tried here; None: it can."""
    missing = [name for name in NEEDED if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        return f"{missing[0]} is not here: apt install slurmctld slurmd slurm-client munge"
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    if not os.path.ismount("/sys/fs/cgroup"):
        return "slurmd needs a mounted /sys/fs/cgroup"
    return None


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Slurm:
    def __init__(self, place):
        self.place, self.daemons = place, {}
        self.env = os.environ | {"SLURM_CONF": place + "/slurm.conf", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        os.mkdir(place + "/state")
        with open(place + "/slurm.conf", "w", encoding="utf-8") as f:
            f.write(CONF.format(host=socket.gethostname().split(".")[0], ports=free_ports(3), place=place))
        self.call("mungekey", "--create", f"--keyfile={place}/munge.key")
        self.start("munged", "--foreground", "--force", f"--key-file={place}/munge.key", f"--socket={place}/munge.sock",
                   f"--pid-file={place}/munged.pid", f"--log-file={place}/munged.log", f"--seed-file={place}/munged.seed")
        self.wait(lambda: os.path.exists(place + "/munge.sock"), "munged")
        self.start("slurmctld", "-D", "-i")
        self.start("slurmd n1", "-D", "-N", "n1")
        self.start("slurmd n2", "-D", "-N", "n2")
        self.wait(lambda: self.scontrol("show", "node").count("State=IDLE ") == 2, "two idle nodes")

    def call(self, *argv):
        run = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=60, check=False)
        if run.returncode != 0:
            raise RuntimeError(f"{argv}: {run.stderr}")
        return run.stdout

    def scontrol(self, *argv):
        return subprocess.run(["scontrol", *argv], env=self.env, capture_output=True, text=True, timeout=60, check=False).stdout

    def start(self, name, *flags):
        with open(f"{self.place}/{name}.out", "w", encoding="utf-8") as out:
            self.daemons[name] = subprocess.Popen([name.split()[0], *flags], env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                                                  stderr=subprocess.STDOUT, start_new_session=True)

    def wait(self, done, what, seconds=120):
        for _ in range(10 * seconds):
            if done():
                return
            dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if dead and what in ("munged", "two idle nodes"):
                with open(f"{self.place}/{dead[0]}.out", encoding="utf-8", errors="replace") as f:
                    raise RuntimeError(f"{dead[0]} ended: {f.read()[-800:]}")
            time.sleep(0.1)
        raise RuntimeError(f"{what}: not after {seconds} s: {self.scontrol('show', 'node')}")

    def kill_node(self, name):
        """Its daemon dies, an administrator sets it down, and so its jobs end as NODE_FAIL; what ran there dies, too."""
        daemon = self.daemons.pop("slurmd " + name)
        daemon.kill()
        daemon.wait()
        self.call("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=lost")
        subprocess.run(["pkill", "-KILL", "-f", f"{self.place}/spool-{name}/"], check=False)

    def revive_node(self, name):
        self.start("slurmd " + name, "-D", "-N", name)
        self.scontrol("update", f"NodeName={name}", "State=RESUME")
        self.wait(lambda: self.scontrol("show", "node", name).count("State=IDLE ") == 1, f"{name} idle again")

    def close(self):
        for daemon in self.daemons.values():
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
