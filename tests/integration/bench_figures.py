# SPDX-License-Identifier: BSD-3-Clause
"""How bench/ makes figures of samples. Called by test_bench with the folder of bench/."""

import sys
import xml.dom.minidom

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

import curves    # noqa: E402
import figures    # noqa: E402
from questions import AtMost, Evenly, Question, Target    # noqa: E402

SIBLING, NEAR, FAR = [30, 25000], [30, 6000], [200, 2000]


def answers_to(question, *samples):
    answers = figures.Answers(question, "pinned")
    for contestant, line, before, after, foreign in samples:
        answers.add(contestant, 0, ["# head", line], before, after, foreign)
    return answers


def check(name, wanted, got):
    print(f"ok {name}" if wanted == got else f"FAIL {name}: wanted {wanted!r}, got {got!r}")


less = Question("q", "", "q", "us", [8], targets={"8": [Target(2)]})
more = Question("q", "", "q", "k/s", [8], more=True, column=1, scale=1e-3)

answers = answers_to(less, ("pvm4", "8 1", NEAR, NEAR, 0), ("ompi", "8 4", NEAR, NEAR, 0), ("ompi", "8 1", FAR, FAR, 0))
check("a near sample is not compared with a far one", 4.0, answers.against("8", "mpi"))
check("twice as good as the other is met at four times", True, answers.verdict(Target(2), "8"))
check("and missed beyond", False, answers.verdict(Target(5), "8"))

answers = answers_to(less, ("pvm4", "8 1", NEAR, NEAR, 0), ("ompi", "8 4", FAR, FAR, 0))
check("where nobody was seen alike the figures say so", "mixed", answers.placement("8"))

answers = answers_to(less, ("pvm4", "8 1", NEAR, NEAR, 0), ("ompi", "8 4", SIBLING, SIBLING, 0))
check("nor are two cores like the siblings of one", "mixed", answers.placement("8"))

answers = answers_to(less, ("pvm4", "8 1", NEAR, NEAR, 0), ("pvm4", "8 9", NEAR, FAR, 0))
check("a sample in which the processors were moved is left out", 1.0, answers.value("8", "pvm4"))

answers = answers_to(less, ("pvm4", "8 1", NEAR, NEAR, 0.01), ("pvm4", "8 9", NEAR, NEAR, 0.5))
check("a disturbed sample is left out", 1.0, answers.value("8", "pvm4"))
answers = answers_to(less, ("pvm4", "8 9", NEAR, NEAR, 0.5))
check("unless there is no other, and then it is marked", (9.0, True), (answers.value("8", "pvm4"), answers.disturbed("8", "pvm4")))

answers = answers_to(more, ("pvm4", "8 3000", NEAR, NEAR, 0), ("ompi", "8 1000", NEAR, NEAR, 0),
                     ("mpich", "8 2000", NEAR, NEAR, 0))
check("the better of both MPIs is the mark", 1.5, answers.against("8", "mpi"))
check("no figure of another is no verdict", None, answers.verdict(Target(1, "pvm3"), "8"))

pairs = Question("q", "", "q", "k/s", [64], kind="fixed", more=True, targets={"64": [Evenly(0.5)]})
answers = answers_to(pairs, ("pvm4", "64 100 1 4", NEAR, NEAR, 0))
check("the slowest task is held against the fastest", False, answers.verdict(Evenly(0.5), "64"))
check("what must not pass a mark is held against it", True, answers.verdict(AtMost(100), "64"))

beyond = Question("q", "", "q", "KiB", [16], kind="fixed", minus_limit=True)
answers = answers_to(beyond, ("pvm4", "16 150", NEAR, NEAR, 0), ("limit", "16 100", NEAR, NEAR, 0))
check("the limit is taken off where the question says so", 50.0, answers.value("16", "pvm4"))

lines = {"pvm4": [(8, 0.1), (1 << 20, 90.0)], "a<b&c": [(8, 0.1), (1 << 20, 91.0)], "none": [(8, 0)]}
picture = xml.dom.minidom.parseString(curves.draw("a < b & c", "us", lines))
check("a line for each contestant that has figures", 2, len(picture.getElementsByTagName("polyline")))
check("no figures at all still make a picture", "svg",
      xml.dom.minidom.parseString(curves.draw("", "us", {})).documentElement.tagName)
heights = sorted(y for y, _ in curves.labels([(100, "a"), (101, "b"), (463, "c"), (464, "d")]))
check("names stand apart", True, all(b - a >= 17 for a, b in zip(heights, heights[1:])))
