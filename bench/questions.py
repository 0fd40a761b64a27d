# SPDX-License-Identifier: BSD-3-Clause
"""The questions: which program asks, at which points, what a good answer is."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """Ours is to be `factor` times as good as the best of `against`."""
    factor: float
    against: str = "mpi"    # a family of contestants: mpi or pvm3

    def __str__(self):
        name = {"mpi": "MPI", "pvm3": "PVM 3"}[self.against]
        return f">= {self.factor:g} x {name}"


@dataclass(frozen=True)
class AtMost:
    """Ours is to be at most this, whatever others reach."""
    value: float

    def __str__(self):
        return f"<= {self.value:g}"


@dataclass(frozen=True)
class Evenly:
    """The slowest task is to reach at least this part of the fastest: columns 2 and 3 of the program."""
    part: float

    def __str__(self):
        return f"slowest >= {self.part:g} of fastest"


@dataclass
class Question:
    name: str
    asks: str
    program: str
    unit: str
    points: list                    # what the program prints in its first column
    kind: str = "bytes"             # points are sizes in "bytes" or a "count", given to the program by -s; or "fixed"
    counts: str = "tasks"           # what points count that are no sizes
    quick: list = None              # points of --quick, when not all
    tasks: int = 2                  # processes, the one started by hand among them
    more: bool = False              # more is better
    column: int = 1                 # of the program's figures
    scale: float = 1.0              # from its unit to ours
    own: dict = field(default_factory=dict)      # arguments for a family or a contestant; {daemon} etc. are filled in
    ms: tuple = None                # (quick, full): how long a figure is measured, when not as long as others
    curve: bool = False
    targets: dict = field(default_factory=dict)  # point -> list of targets
    launches: bool = False          # the program starts the daemon or mpirun itself
    minus_limit: bool = False       # what the limit needs is taken from all others

    @property
    def two(self):
        """Two tasks can have a processor each; one has nobody to be near to, and more must share."""
        return self.tasks == 2

    @property
    def evenly(self):
        return any(isinstance(target, Evenly) for targets in self.targets.values() for target in targets)


K, M = 1024, 1024 * 1024
POWERS = [8 << i for i in range(20)]    # 8 bytes to 4 MiB
RAW = {"pvm3": ["-R"], "pvm3-direct": ["-R"]}


def at(points, *targets):
    return {str(point): list(targets) for point in points}


def barrier(tasks, factor):
    return Question(f"barrier{tasks}", f"a barrier of {tasks} tasks", "barrier", "us", [tasks], kind="fixed",
                    tasks=tasks, targets=at([tasks], Target(factor)))


QUESTIONS = [
    Question("latency", "one-way time of a message between two tasks that wait for it", "latency", "us", POWERS,
             quick=[8, 64, K, 4 * K, 8 * K, 16 * K, 64 * K, 256 * K, M, 4 * M], curve=True,
             targets=at([8, 16, 32, 64, 128, 256, 512, K, 4 * K, 8 * K], Target(1.0))
             | at([16 * K, 64 * K], Target(3)) | at([M], Target(1.5)) | at([4 * M], Target(1.2))),
    Question("psend", "the same with pvm_psend to a waiting pvm_precv", "latency", "us", [8, K, 64 * K, M, 4 * M],
             own={"pvm": ["-P"]}, targets=at([M, 4 * M], Target(2.5))),
    Question("rate", "messages of 8 bytes from one task to another, 64 in a window", "bw", "M/s", [8],
             more=True, column=2, scale=1e-6, targets=at([8], Target(1.2))),
    Question("bw", "bandwidth in a window: 64 messages to 64 KiB, 16 to 1 MiB, 4 beyond", "bw", "GB/s",
             POWERS + [8 * M, 16 * M], quick=[8, K, 8 * K, 64 * K, 256 * K, M, 4 * M, 16 * M], more=True, scale=1e-3,
             curve=True,
             targets=at([64 * K], Target(1.5)) | at([M], Target(1.3)) | at([16 * M], Target(1.2))),
    Question("doubles", "a million doubles packed, sent and unpacked, all of an array or every second one", "doubles",
             "GB/s", ["contiguous", "stride-2"], kind="fixed", more=True, scale=1e-3, own=RAW,
             targets=at(["contiguous"], Target(1.2)) | at(["stride-2"], Target(1.5))),
    Question("pairs", "messages of 8 bytes between 32 pairs of tasks at once", "pairs", "k/s", [64], kind="fixed",
             tasks=64, more=True, scale=1e-3, ms=(300, 1000), targets=at([64], Target(10), Evenly(0.5))),
    Question("ring", "one message of 8 bytes going round through 64 tasks, for each hop", "ring", "us", [64],
             kind="fixed", tasks=64, ms=(60, 200), targets=at([64], Target(3))),
    barrier(2, 1.0), barrier(8, 2), barrier(64, 2),
    Question("bcast", "a broadcast in a group of 8 tasks until all have answered", "bcast", "us", [K, M], tasks=8,
             targets=at([K], Target(1.5)) | at([M], Target(2))),
    Question("allreduce", "a reduce and a broadcast of doubles in a group of 8 tasks", "allreduce", "us", [8, 8 * K],
             tasks=8, targets=at([8], Target(1.0)) | at([8 * K], Target(1.5))),
    Question("farm", "jobs of 8 bytes that a master hands to 16 workers", "farm", "k/s", [16], kind="fixed",
             counts="workers", tasks=17, more=True, scale=1e-3, ms=(100, 300), targets=at([16], Target(1.5))),
    Question("incast", "messages that one task receives from 16 that stream", "incast", "M/s", [8, K], tasks=17,
             more=True, scale=1e-6, ms=(100, 300), targets=at([8], Target(1.0)) | at([K], Target(2))),
    Question("spawn", "tasks are spawned until all have reported", "spawn", "ms", [64, 256], kind="count", quick=[64],
             tasks=1, ms=(200, 1000), targets=at([64, 256], Target(10), Target(2.5, "pvm3"))),
    Question("start", "start of a machine of one host until a task is enrolled, and its halt", "start", "ms",
             ["start", "halt"], kind="fixed", tasks=1, ms=(200, 1000), launches=True,
             own={"pvm": ["-l", "{daemon}"], "mpi": ["-l", "{mpirun}"]},
             targets=at(["start", "halt"], Target(1.0, "pvm3"))),
    Question("idle", "processor time of 64 tasks that wait for a message", "idle", "%", [64], kind="fixed", tasks=65,
             ms=(1000, 5000), own={"pvm": ["-l", "{pids}"]}, targets=at([64], AtMost(0.05))),
    Question("memory", "memory of one of 16 idle tasks, beyond that of a bare process (column limit)", "memory", "KiB",
             [16], kind="fixed", tasks=17, minus_limit=True, targets=at([16], Target(1.0, "pvm3"))),
]


def named(names):
    """The questions with these names, "barrier" for all of that program; and names that are none."""
    unknown = [name for name in names if not any(name in (one.name, one.program) for one in QUESTIONS)]
    chosen = [one for one in QUESTIONS if not names or one.name in names
              or (one.program in names and not any(other.name == one.program for other in QUESTIONS))]
    return chosen, unknown
