# SPDX-License-Identifier: BSD-3-Clause
# Writes the stiffness matrix of bilinear finite elements on a square of m x m inner points, whose edge is held: 8/3 in the
# diagonal, -1/3 for each of up to 8 neighbours. In Matrix Market's format, in one of the forms that it has.
#
#   awk -v m=12 -v form="real symmetric" -f elements.awk > plate.mtx

function entry(row, column, value) {
    if (form ~ /symmetric/ && column > row)
        return
    lines[++count] = row " " column (form ~ /pattern/ ? "" : " " (form ~ /integer/ ? value * 3 : sprintf("%.16e", value)))
}

BEGIN {
    for (row = 1; row <= m * m; row++) {
        x = (row - 1) % m
        y = int((row - 1) / m)
        for (dy = -1; dy <= 1; dy++)
            for (dx = -1; dx <= 1; dx++)
                if (x + dx >= 0 && x + dx < m && y + dy >= 0 && y + dy < m)
                    entry(row, row + dy * m + dx, dx == 0 && dy == 0 ? 8 / 3 : -1 / 3)
    }
    print "%%MatrixMarket matrix coordinate " form
    print "% Bilinear elements,\n%\n% " m " x " m " points\n"
    print " " m * m, m * m, count
    # In no order, with a blank line, as files are found.
    for (i = count; i > 0; i--) {
        print lines[i]
        if (i == 5)
            print ""
    }
}
