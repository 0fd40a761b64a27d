# SPDX-License-Identifier: BSD-3-Clause
"""The contestants: how the programs of each are started, and how all that was started is ended."""

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path


class Broken(Exception):
    """A contestant could not answer; the text says why."""


class Stage:
    """The folder and the processes of one run: nothing of it is left, however the run ends."""

    def __init__(self, limit_s, nice=None):
        self.nice = nice
        self.folder = Path(tempfile.mkdtemp(prefix="pvm-bench."))
        # Open MPI's shared memory, which it leaves behind when it is killed.
        self.shared = Path("/dev/shm") / self.folder.name
        if self.shared.parent.is_dir():
            self.shared.mkdir()
        self.mark = f"PVM_BENCH_RUN={self.folder}"
        self.limit_s = limit_s

    def environment(self, **more):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("PVM") and not name.startswith("OMPI_")}
        name, value = self.mark.split("=")
        if self.nice is not None:
            env["PVM_BENCH_NICE"] = str(self.nice)
        if self.shared.is_dir():
            env["OMPI_MCA_btl_vader_backing_directory"] = str(self.shared)
        return env | {name: value, "TMPDIR": str(self.folder)} | more

    def start(self, command, env, **how):
        return subprocess.Popen(command, env=env, preexec_fn=self.set_up, stdin=subprocess.DEVNULL, text=True, **how)

    def set_up(self):
        """A process group of its own; the priority is that of the session: see measure.c, and own_session() in run."""
        os.setpgid(0, 0)
        if self.nice is not None:
            try:
                Path("/proc/self/autogroup").write_text(str(self.nice))
            except OSError:
                pass

    def ours(self):
        """Pids of all that was started here, by whomever: each has the mark in its environment."""
        mark = self.mark.encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        yield int(entry.name)
                except OSError:
                    pass

    def used_s(self):
        """Processor time of all that was started here so far, as far as it is known: ended children, and who lives."""
        times = os.times()
        used = times.children_user + times.children_system
        for pid in self.ours():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            used += sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        return used

    def kill_all(self, among=None):
        """Ends them, but those that were there before (among: only these may end)."""
        for pid in list(self.ours()):
            if among is None or pid in among:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def run(self, command, env, limit_s=None):
        """Runs a command to its end. Returns (lines it printed, None or what went wrong)."""
        before = set(self.ours())
        process = self.start(command, env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        limit_s = limit_s or self.limit_s
        try:
            out, _ = process.communicate(timeout=limit_s)
            fault = None if process.returncode == 0 else f"status {process.returncode}: {last_line(out)}"
        except subprocess.TimeoutExpired:
            out, fault = self.abort(process, before), f"not done within {limit_s:g} s"
        except KeyboardInterrupt:
            self.abort(process, before)
            raise
        self.kill_all(set(self.ours()) - before)
        return out.splitlines(), fault

    def abort(self, process, before):
        """mpirun cleans up when it is asked to end, not when it is killed. Returns what was printed."""
        process.terminate()
        try:
            out, _ = process.communicate(timeout=3)
        except subprocess.TimeoutExpired:
            self.kill_all(set(self.ours()) - before)    # all who can hold the pipe
            out, _ = process.communicate()
        return out

    def close(self):
        self.kill_all()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.shared, ignore_errors=True)


def last_line(text):
    """What a program that failed said: its last line that speaks of an error, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip("-= \n") and not line.startswith("#")]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["nothing was printed"])[-1][:160]


class Contestant:
    """One column. `family` is what targets and arguments speak of."""
    family = ""

    def __init__(self, name, stage, programs):
        self.name, self.stage, self.programs = name, stage, Path(programs)

    def has(self, question):
        return (self.programs / question.program).exists()

    def fills(self, question):
        """What stands for names in braces in the arguments of a question."""
        return {}

    def arguments(self, question, common):
        own = question.own.get(self.family, []) + question.own.get(self.name, [])
        fills = self.fills(question)
        return [str(self.programs / question.program), *common, *(argument.format(**fills) for argument in own)]

    def answer(self, question, common, pinned):
        raise NotImplementedError

    def rest(self):
        """Ends what is kept between answers."""


class Limit(Contestant):
    family = "limit"

    def answer(self, question, common, pinned):
        pin = ["-p"] if pinned else []
        return self.stage.run(self.arguments(question, common) + pin, self.stage.environment())


class Mpi(Contestant):
    family = "mpi"

    def __init__(self, name, stage, programs, mpirun):
        super().__init__(name, stage, programs)
        self.mpirun = mpirun

    def fills(self, question):
        return {"mpirun": " ".join(self.launcher(question, False))}

    def answer(self, question, common, pinned):
        launcher = [] if question.launches else self.launcher(question, pinned)
        command = launcher + self.arguments(question, common)
        return self.stage.run(command, self.stage.environment())


class OpenMpi(Mpi):
    def launcher(self, question, pinned):
        command = [self.mpirun, "-n", str(question.tasks), "--bind-to", "core" if pinned else "none"]
        if os.geteuid() == 0:
            command += ["--allow-run-as-root"]
        if question.tasks > os.cpu_count():
            command += ["--mca", "mpi_yield_when_idle", "1"]
        return command + ["--oversubscribe"]


class Mpich(Mpi):
    def launcher(self, question, pinned):
        return [self.mpirun, "-n", str(question.tasks), "-bind-to", "core" if pinned else "none"]


class Pvm(Contestant):
    """Has a daemon, which stays from answer to answer."""
    family = "pvm"

    def __init__(self, name, stage, programs, options=()):
        super().__init__(name, stage, programs)
        self.options = list(options)
        self.daemon = None
        self.tmp = stage.folder / name

    def environment(self):
        return self.stage.environment(PVM_TMP=str(self.tmp))

    def daemon_command(self):
        raise NotImplementedError

    def console(self):
        raise NotImplementedError

    def wake(self):
        if self.daemon is not None and self.daemon.poll() is None:
            return
        self.tmp.mkdir(exist_ok=True)
        self.daemon = self.stage.start(self.daemon_command(), self.environment(), stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
        ready, _, _ = select.select([self.daemon.stdout], [], [], 20)
        said = self.daemon.stdout.readline().strip() if ready else "nothing within 20 s"
        if not said.startswith("/"):
            self.rest()
            raise Broken(f"its daemon did not start: {said or 'it ended'}")

    def fills(self, question):
        self.tmp.mkdir(exist_ok=True)
        pids = [pid for pid in self.stage.ours() if self.mine(pid)]
        return {"daemon": " ".join(self.daemon_command()), "pids": " ".join(str(pid) for pid in pids)}

    def answer(self, question, common, pinned):
        if question.launches:
            self.rest()
        else:
            self.wake()
        pin = ["-p"] if pinned else []
        command = self.arguments(question, common) + self.options + pin
        lines, fault = self.stage.run(command, self.environment())
        if fault is not None:
            self.rest()    # tasks may be left, or the daemon is what does not answer
        return lines, fault

    def rest(self):
        daemon, self.daemon = self.daemon, None
        if daemon is None:
            return
        self.stage.run([str(self.console()), "halt"], self.environment(), limit_s=5)
        end = time.monotonic() + 3
        while daemon.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        self.stage.kill_all({pid for pid in self.stage.ours() if self.mine(pid)})
        daemon.wait()
        daemon.stdout.close()
        shutil.rmtree(self.tmp, ignore_errors=True)

    def mine(self, pid):
        try:
            return f"PVM_TMP={self.tmp}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False


class Pvm4(Pvm):
    def __init__(self, name, stage, build, options=()):
        super().__init__(name, stage, build / "bench" / "pvm4", options)
        self.build = build

    def daemon_command(self):
        return [str(self.build / "bin" / "pvmd")]

    def console(self):
        return self.build / "bin" / "pvm"


class Pvm3(Pvm):
    """Debian's PVM 3.4.6, also one that was only unpacked: the folder stands beside the programs."""

    def __init__(self, name, stage, programs, options=()):
        super().__init__(name, stage, programs, options)
        self.usr = Path((self.programs / "root").read_text().strip())

    def environment(self):
        libraries = [str(path) for path in (self.usr / "lib").glob("*-linux-*")]
        return super().environment() | {"PVM_ROOT": str(self.usr / "lib" / "pvm3"), "PVM_ALLOW_ROOT": "1",
                                        "LD_LIBRARY_PATH": ":".join(libraries)}

    def daemon_command(self):
        # Its group server is spawned as a task, and looked for in ep=.
        hosts = self.tmp / "hosts"
        hosts.write_text(f"* ep={self.usr / 'bin'}:{self.usr / 'lib' / 'pvm3' / 'lib'}\n")
        return [str(self.usr / "lib" / "pvm3" / "lib" / "pvmd"), str(hosts)]

    def console(self):
        return self.usr / "bin" / "pvm"


PACKAGES = {"ompi": "openmpi-bin libopenmpi-dev", "mpich": "mpich libmpich-dev", "pvm3": "pvm pvm-dev"}


def find(stage, build, also, mpirun):
    """All contestants whose programs were built, ours first; and what to install for the others."""
    bench = build / "bench"
    if not (bench / "pvm4").is_dir():
        raise Broken(f"no programs in {bench}: make bench there, or name the folder of the build by --build")
    found = [Pvm4("pvm4", stage, build)]
    found += [Pvm4(name, stage, Path(folder).resolve() / "build") for name, folder in also]
    hints = []
    for name, kind in (("ompi", OpenMpi), ("mpich", Mpich)):
        if not (bench / name).is_dir():
            hints.append(f"no column {name}: install {PACKAGES[name]}, then make bench")
        elif shutil.which(mpirun[name]) is None:
            hints.append(f"no column {name}: {mpirun[name]} is not here; --{name} names another mpirun")
        else:
            found.append(kind(name, stage, bench / name, mpirun[name]))
    if (bench / "pvm3").is_dir():
        found += [Pvm3("pvm3", stage, bench / "pvm3"), Pvm3("pvm3-direct", stage, bench / "pvm3", ["-d"])]
    else:
        hints.append(f"no column pvm3: install {PACKAGES['pvm3']}, then make bench; or unpack them in DIR, and"
                     " make bench PVM3=DIR")
    return found + [Limit("limit", stage, bench / "limit")], hints
