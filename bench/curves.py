# SPDX-License-Identifier: BSD-3-Clause
"""A figure over message size, one line for each contestant, as SVG. Both axes are logarithmic."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 76, 150, 56, 56
# Colours that those who see no red or green can tell apart (Okabe and Ito); the limit is grey.
COLOURS = {"pvm4": "#d55e00", "ompi": "#0072b2", "mpich": "#56b4e9", "pvm3": "#009e73", "pvm3-direct": "#cc79a7",
           "limit": "#888888"}
OTHERS = ["#e69f00", "#000000", "#7f3fbf"]
DASHES = {"limit": "6 4", "pvm3-direct": "2 3"}
FONT = 'font-family="DejaVu Sans, Verdana, Arial, sans-serif"'


def short(value):
    for step, letter in ((1 << 20, "M"), (1 << 10, "K")):
        if value >= step and value % step == 0:
            return f"{value // step}{letter}"
    return str(value)


def plain(value):
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"


class Axis:
    def __init__(self, values, start, end):
        self.low, self.high = math.log10(min(values)), math.log10(max(values))
        if self.high - self.low < 0.3:
            self.low, self.high = self.low - 0.15, self.high + 0.15
        self.start, self.end = start, end

    def at(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def decades(axis):
    return [10.0 ** power for power in range(math.ceil(axis.low - 1e-9), math.floor(axis.high + 1e-9) + 1)]


def whole_decades(values):
    """The smallest and largest power of ten around them, so that the ends of the axis are marked."""
    return [10.0 ** math.floor(math.log10(min(values))), 10.0 ** math.ceil(math.log10(max(values)))]


def text(x, y, what, anchor="middle", size=13, colour="#222", extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}" {FONT} {extra}>'
            f"{escape(what)}</text>")


def grid(across, up, sizes, unit):
    parts = []
    for size in sizes:
        x = across.at(size)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>')
    step = 1 + (len(sizes) - 1) // 12
    parts += [text(across.at(size), HEIGHT - BOTTOM + 20, short(size), size=12) for size in sizes[::step]]
    for value in decades(up):
        y = up.at(value)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ccc"/>')
        parts.append(text(LEFT - 8, y + 4, plain(value), "end", 12))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "bytes of a message"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(text(20, middle, unit, extra=f'transform="rotate(-90 20 {middle:.1f})"'))
    return parts


def labels(ends):
    """Heights for the names at the right: where the lines end, but 17 apart and all inside."""
    placed = []
    for y, name in sorted(ends):
        placed.append([max(y, placed[-1][0] + 17 if placed else TOP + 6), name])
    beyond = placed[-1][0] - (HEIGHT - BOTTOM) if placed else 0
    for i in range(len(placed) - 1, -1, -1):
        if beyond <= 0:
            break
        placed[i][0] -= beyond
        beyond = placed[i - 1][0] + 17 - placed[i][0] if i > 0 else 0
    return placed


def line(name, points, across, up, colour):
    dash = f' stroke-dasharray="{DASHES[name]}"' if name in DASHES else ""
    width = 3 if name == "pvm4" else 1.8
    path = " ".join(f"{across.at(size):.1f},{up.at(value):.1f}" for size, value in points)
    dots = [f'<circle cx="{across.at(size):.1f}" cy="{up.at(value):.1f}" r="{width:.1f}" fill="{colour}">'
            f"<title>{escape(name)}, {short(size)} bytes: {value:.4g}</title></circle>" for size, value in points]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>', *dots]


def draw(title, unit, lines):
    """The picture as text. lines: name -> list of (size, value), sizes growing; only values above 0 are drawn."""
    lines = {name: [(size, value) for size, value in points if value > 0] for name, points in lines.items()}
    lines = {name: points for name, points in lines.items() if points}
    sizes = sorted({size for points in lines.values() for size, _ in points})
    values = [value for points in lines.values() for _, value in points]
    parts = ['<svg xmlns="http://www.w3.org/2000/svg"'
             f' width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', text(WIDTH / 2, 30, title, size=16)]
    if sizes:
        across = Axis(sizes, LEFT, WIDTH - RIGHT)
        up = Axis(whole_decades(values), HEIGHT - BOTTOM, TOP)
        parts += grid(across, up, sizes, unit)
        spare = iter(OTHERS * 10)
        colours = {name: COLOURS.get(name) or next(spare) for name in lines}
        for name in sorted(lines, key=lambda name: name == "pvm4"):    # ours on top
            parts += line(name, lines[name], across, up, colours[name])
        for y, name in labels([(up.at(points[-1][1]), name) for name, points in lines.items()]):
            parts.append(text(WIDTH - RIGHT + 10, y + 4, name, "start", 13, colours[name],
                              'font-weight="bold"' if name == "pvm4" else ""))
    return "\n".join(parts + ["</svg>"]) + "\n"
