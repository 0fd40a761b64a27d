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
    points: list                   # what the program prints in its first column
    tasks: int = 2                 # processes that MPI and the limit start
    more: bool = False             # more is better
    column: int = 1                # of the program's table
    scale: float = 1.0             # from its unit to ours
    arguments: list = field(default_factory=list)
    own: dict = field(default_factory=dict)      # further arguments for a family of contestants
    sizes: bool = True             # the points are sizes in bytes, given to the program by -s
    quick: list = None             # points of --quick, when not all
    curve: bool = False
    targets: dict = field(default_factory=dict)  # point -> list of targets
    weight: float = 1.0            # how much longer than others a figure takes to measure
    minus_limit: bool = False      # what the limit needs is taken from all others
    without: tuple = ()            # contestants that cannot, and why is in docs/bench.md

    @property
    def crowded(self):
        return self.tasks > 2


K, M = 1024, 1024 * 1024
POWERS = [8 << i for i in range(20)]    # 8 bytes to 4 MiB


def at(points, *targets):
    return {str(point): list(targets) for point in points}


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
]
