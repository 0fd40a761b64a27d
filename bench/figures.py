# SPDX-License-Identifier: BSD-3-Clause
"""What was measured: samples, their medians, what they say about the targets; as a table and as TSV."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from questions import AtMost, Evenly

FOREIGN_MAX = 0.05    # part of the processors that other work may take from a sample
NEAR_NS = 100    # a cache line takes 30 to 50 ns within a group of processors, 170 and more between two
SIBLING_MB_S = 12000    # siblings of one core share its caches: 25 GB/s, where two near cores copy 6, and far ones 2
PLACEMENTS = ("sibling", "near", "far")


def family(name):
    """pvm3 and pvm3-direct are two ways of one; both MPIs are one opponent."""
    return {"ompi": "mpi", "mpich": "mpi", "pvm3-direct": "pvm3"}.get(name, name)


def placement(apart):
    line_ns, copy_mb_s = apart
    return "far" if line_ns > NEAR_NS else "near" if copy_mb_s < SIBLING_MB_S else "sibling"


@dataclass
class Sample:
    contestant: str
    round: int
    point: str
    value: float
    further: list       # the columns behind it
    before: list        # how far the processors were apart: nanoseconds for a cache line, MB/s of a copy
    after: list
    foreign: float      # part of the processors that other work had meanwhile

    @property
    def placement(self):
        before, after = placement(self.before), placement(self.after)
        return before if before == after else "moved"


class Answers:
    """All samples of a question in one binding of tasks."""

    def __init__(self, question, binding):
        self.question, self.binding = question, binding
        self.samples = []
        self.faults = {}    # contestant -> why it has no figure, or not all

    def add(self, contestant, number, lines, before, after, foreign):
        question = self.question
        for line in lines:
            fields = line.split()
            if len(fields) <= question.column or line.startswith("#") or fields[0] not in self.points():
                continue
            try:
                values = [float(field) for field in fields[1:]]
            except ValueError:
                continue
            self.samples.append(Sample(contestant, number, fields[0], values[question.column - 1] * question.scale,
                                       values[question.column:], before, after, foreign))

    def points(self):
        return [str(point) for point in self.question.points]

    def of(self, point, contestant, placement=None):
        return [sample for sample in self.samples if sample.point == point and sample.contestant == contestant
                and placement in (None, sample.placement)]

    def placement(self, point):
        """The placement in which all contestants have samples: like is compared with like. "mixed" if there is none."""
        who = {sample.contestant for sample in self.samples if sample.point == point}
        counts = {placement: min((len(self.of(point, one, placement)) for one in who), default=0)
                  for placement in PLACEMENTS}
        best = max(counts, key=counts.get)
        return best if counts[best] > 0 else "mixed"

    def chosen(self, point, contestant):
        """Those of the placement; without those that were disturbed, if any was not."""
        placement = self.placement(point)
        samples = self.of(point, contestant, None if placement == "mixed" else placement)
        return [sample for sample in samples if sample.foreign <= FOREIGN_MAX] or samples

    def disturbed(self, point, contestant):
        samples = self.chosen(point, contestant)
        return bool(samples) and samples[0].foreign > FOREIGN_MAX

    def value(self, point, contestant):
        values = [sample.value for sample in self.chosen(point, contestant)]
        if not values:
            return None
        result = median(values)
        if self.question.minus_limit and contestant != "limit":
            result -= self.value(point, "limit") or 0
        return result

    def times_better(self, ours, theirs):
        if ours is None or theirs is None or ours <= 0 or theirs <= 0:
            return None
        return ours / theirs if self.question.more else theirs / ours

    def against(self, point, opponents, ours="pvm4"):
        """How many times as good as the best of a family ours is; None without figures."""
        names = {sample.contestant for sample in self.samples if family(sample.contestant) == opponents}
        ratios = [self.times_better(self.value(point, ours), self.value(point, name)) for name in names]
        return min((ratio for ratio in ratios if ratio is not None), default=None)

    def evenness(self, point, contestant):
        """The slowest task's part of the fastest's."""
        parts = [sample.further[0] / sample.further[1] for sample in self.chosen(point, contestant)
                 if len(sample.further) >= 2 and sample.further[1] > 0]
        return median(parts) if parts else None

    def verdict(self, target, point):
        """True, False, or None when there is nothing to judge by."""
        if isinstance(target, AtMost):
            value = self.value(point, "pvm4")
            return None if value is None else value <= target.value
        if isinstance(target, Evenly):
            part = self.evenness(point, "pvm4")
            return None if part is None else part >= target.part
        ratio = self.against(point, target.against)
        return None if ratio is None else ratio >= target.factor


def number(value, unit=""):
    if value is None:
        return "-"
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return digits + unit


def point_name(question, point):
    if question.kind != "bytes":
        return f"{point} {question.counts}" if point.isdigit() else point
    size = int(point)
    for step, letter in ((1 << 20, " MiB"), (1 << 10, " KiB")):
        if size >= step:
            return f"{size / step:g}{letter}"
    return f"{size} B"


def near_limit(answers, point):
    if answers.question.minus_limit:
        return None
    ratio = answers.times_better(answers.value(point, "pvm4"), answers.value(point, "limit"))
    return None if ratio is None else f"{number(100 * ratio)} %"


def targets_text(answers, point):
    said = []
    for target in answers.question.targets.get(point, []):
        met = answers.verdict(target, point)
        said.append(f"{target}: {'met' if met else 'not known' if met is None else 'MISSED'}")
    return "; ".join(said)


def table(answers, names):
    """The lines of a table for people."""
    question = answers.question
    which = f", {answers.binding}" if answers.binding else ""
    good = "more" if question.more else "less"
    lines = [f"{question.name}: {question.asks} ({question.unit}, {good} is better{which})"]
    rows = [["", *names, "x MPI", "x PVM 3", "of limit", "placed", "target"]]
    for point in answers.points():
        values = [number(answers.value(point, name), "~" if answers.disturbed(point, name) else "") for name in names]
        ratios = [number(answers.against(point, family)) for family in ("mpi", "pvm3")]
        rows.append([point_name(question, point), *values, *ratios, near_limit(answers, point) or "-",
                     answers.placement(point), targets_text(answers, point)])
        if question.evenly:
            parts = [number(answers.evenness(point, name)) for name in names]
            rows.append(["slowest/fastest", *parts, "", "", "", "", ""])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[:-1], widths)]
        lines.append(("  " + "  ".join(cells) + "  " + row[-1]).rstrip())
    lines += [f"  {name}: {why}" for name, why in answers.faults.items()]
    return lines


COLUMNS = ["question", "binding", "point", "contestant", "median", "least", "most", "samples", "disturbed", "placed",
           "unit", "times_mpi", "times_pvm3", "of_limit", "target"]


def tsv_rows(answers, names):
    question = answers.question
    for point in answers.points():
        for name in names:
            values = [sample.value for sample in answers.chosen(point, name)]
            if not values:
                continue
            row = [question.name, answers.binding or "free", point, name, f"{answers.value(point, name):.6g}",
                   f"{min(values):.6g}", f"{max(values):.6g}", str(len(values)),
                   "yes" if answers.disturbed(point, name) else "no", answers.placement(point), question.unit]
            row += [number(answers.against(point, family, name)) for family in ("mpi", "pvm3")] if name == "pvm4" \
                else ["", ""]
            row += [near_limit(answers, point) or "", targets_text(answers, point)] if name == "pvm4" else ["", ""]
            yield "\t".join(row)


SAMPLE_COLUMNS = ["question", "binding", "round", "contestant", "point", "value", "unit", "cache_line_before_ns",
                  "cache_line_after_ns", "copy_before_mb_s", "copy_after_mb_s", "foreign_part"]


def sample_rows(answers):
    for sample in answers.samples:
        apart = [f"{end[i]:.0f}" for i in range(2) for end in (sample.before, sample.after)]
        yield "\t".join([answers.question.name, answers.binding or "free", str(sample.round), sample.contestant,
                         sample.point, f"{sample.value:.6g}", answers.question.unit, *apart, f"{sample.foreign:.3f}"])


def summary(all_answers):
    """Met, missed and not known, over all targets that were asked."""
    counts = defaultdict(int)
    missed = defaultdict(list)
    for answers in all_answers:
        name = answers.question.name + (f" {answers.binding}" if answers.binding else "")
        for point in answers.points():
            for target in answers.question.targets.get(point, []):
                met = answers.verdict(target, point)
                counts[met] += 1
                if met is False:
                    missed[name].append(f"{point_name(answers.question, point)} ({target})")
    lines = [f"targets: {counts[True]} met, {counts[False]} missed, {counts[None]} not known"]
    ends = [end for answers in all_answers for sample in answers.samples for end in (sample.before, sample.after)]
    for i, what in enumerate(("a cache line from one processor to the other: {:.0f} to {:.0f} ns",
                              "32 KiB copied from one to the other: {:.0f} to {:.0f} MB/s")):
        if ends:
            lines.append(what.format(min(end[i] for end in ends), max(end[i] for end in ends)))
    lines += [f"  missed, {name}: {', '.join(points)}" for name, points in missed.items()]
    if any(sample.foreign > FOREIGN_MAX for answers in all_answers for sample in answers.samples):
        lines.append(f"~: other work had more than {FOREIGN_MAX:.0%} of the processors in each sample")
    return lines
