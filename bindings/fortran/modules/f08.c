/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What pvm_f08 asks C for: items of an array go straight from where they lie into the message and back, also those of
 * sections; no copy is made of them but for psend, precv. In place an array that is contiguous and lasts is read at the
 * send, all else is copied when packed.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#include "array.h"

/* ---- elements as items ---- */

struct walk {
    int datatype;
    ptrdiff_t per_element;    /* items */
    bool pack;
    bool by_value;
};

/* count elements, step bytes apart. */
static int walk_run(const struct walk *walk, char *at, ptrdiff_t count, ptrdiff_t step, ptrdiff_t size)
{
    ptrdiff_t item = size / walk->per_element;
    ptrdiff_t stride = 1;
    int rc = PvmOk;

    if (step == size || count == 1)
        count *= walk->per_element;
    else if (walk->per_element == 1 && step % item == 0 && step / item <= INT_MAX && step / item >= INT_MIN)
        stride = step / item;
    else {
        for (ptrdiff_t i = 0; i < count && rc == PvmOk; i++)
            rc = walk_run(walk, at + i * step, 1, size, size);
        return rc;
    }
    while (count > 0 && rc == PvmOk) {
        int now = count > (1 << 30) ? 1 << 30 : (int)count;

        rc = walk->pack ? pvmi_item_pack(walk->datatype, at, now, (int)stride, walk->by_value)
                        : pvmi_item_unpack(walk->datatype, at, now, (int)stride);
        at += now * stride * item;
        count -= now;
    }
    return rc;
}

/* The dimensions below rank, outermost first. */
static int walk_dimensions(const struct walk *walk, const struct pvmi_array *array, char *at, int rank)
{
    ptrdiff_t size = (ptrdiff_t)array->size;
    int rc = PvmOk;

    if (rank == 0)
        return walk_run(walk, at, 1, size, size);
    if (rank == 1)
        return walk_run(walk, at, array->extent[0], array->step[0], size);
    for (ptrdiff_t i = 0; i < array->extent[rank - 1] && rc == PvmOk; i++)
        rc = walk_dimensions(walk, array, at + i * array->step[rank - 1], rank - 1);
    return rc;
}

static int walk_array(const struct pvmi_array *array, bool pack)
{
    struct walk walk = { .datatype = pvmi_array_datatype(array), .per_element = 1, .pack = pack };
    bool contiguous = pvmi_array_contiguous(array);
    ptrdiff_t count = pvmi_array_elements(array);

    if (walk.datatype == PVM_BYTE)
        walk.per_element = (ptrdiff_t)array->size;
    walk.by_value = !contiguous || !array->lasting;
    if (count == 0 || array->size == 0)
        return pack ? pvm_pkbyte(NULL, 0, 1) : pvm_upkbyte(NULL, 0, 1);
    if (contiguous)
        return walk_run(&walk, array->base, count, (ptrdiff_t)array->size, (ptrdiff_t)array->size);
    return walk_dimensions(&walk, array, array->base, array->rank);
}

int pvmf08_pack(const struct pvmi_array *array)
{
    return walk_array(array, true);
}

int pvmf08_unpack(const struct pvmi_array *array)
{
    return walk_array(array, false);
}

/* ---- arrays that say what they are: family, bytes of an element, rank, extents; then the elements ---- */

int pvmf08_pack_array(const struct pvmi_array *array)
{
    int what[3] = { array->family, (int)array->size, array->rank };
    long extent[PVMI_ARRAY_RANK_MAX];
    int rc = pvmi_item_pack(PVM_INT, what, 3, 1, true);

    for (int i = 0; i < array->rank; i++)
        extent[i] = array->extent[i];
    if (rc == PvmOk && array->rank > 0)
        rc = pvmi_item_pack(PVM_LONG, extent, array->rank, 1, true);
    return rc == PvmOk ? pvmf08_pack(array) : rc;
}

/* What comes next in the message. */
int pvmf08_unpack_shape(struct pvmi_array *ret_array)
{
    int what[3];
    long extent[PVMI_ARRAY_RANK_MAX];
    int rc = pvm_upkint(what, 3, 1);

    if (rc != PvmOk)
        return rc;
    if (what[0] < PVMI_FAMILY_INTEGER || what[0] > PVMI_FAMILY_CHARACTER || what[1] < 0 || what[2] < 0 ||
        what[2] > PVMI_ARRAY_RANK_MAX)
        return PvmBadMsg;
    if (what[2] > 0 && (rc = pvm_upklong(extent, what[2], 1)) != PvmOk)
        return rc;
    *ret_array = (struct pvmi_array){ .family = what[0], .size = (size_t)what[1], .rank = what[2] };
    for (int i = 0; i < what[2]; i++) {
        if (extent[i] < 0)
            return PvmBadMsg;
        ret_array->extent[i] = extent[i];
    }
    return PvmOk;
}

/* ---- one array as a message of its own; the active send buffer stays ---- */

/* The buffer with the array, active, or an error; before: what was active. */
static int message_begin(const struct pvmi_array *array, int *ret_before)
{
    int bufid = pvm_mkbuf(PvmDataDefault);
    int rc;

    if (bufid < 0)
        return bufid;
    *ret_before = pvm_setsbuf(bufid);
    rc = pvmf08_pack_array(array);
    if (rc == PvmOk)
        return bufid;
    pvm_setsbuf(*ret_before);
    pvm_freebuf(bufid);
    return rc;
}

static int message_end(int bufid, int before, int rc)
{
    pvm_setsbuf(before);
    pvm_freebuf(bufid);
    return rc;
}

int pvmf08_send(int tid, int msgtag, const struct pvmi_array *array)
{
    int before;
    int bufid = message_begin(array, &before);

    return bufid < 0 ? bufid : message_end(bufid, before, pvm_send(tid, msgtag));
}

int pvmf08_mcast(const int *tids, int ntask, int msgtag, const struct pvmi_array *array)
{
    int before;
    int bufid = message_begin(array, &before);

    return bufid < 0 ? bufid : message_end(bufid, before, pvm_mcast((int *)tids, ntask, msgtag));
}

int pvmf08_bcast(const char *group, int msgtag, const struct pvmi_array *array)
{
    int before;
    int bufid = message_begin(array, &before);

    return bufid < 0 ? bufid : message_end(bufid, before, pvm_bcast(group, msgtag));
}

/* ---- psend, precv ---- */

int pvmf08_psend(int tid, int msgtag, const struct pvmi_array *array)
{
    int datatype = pvmi_array_datatype(array);
    ptrdiff_t count = pvmi_array_elements(array) * (datatype == PVM_BYTE ? (ptrdiff_t)array->size : 1);
    void *flat;
    int rc;

    if (count > INT_MAX)
        return PvmOverflow;
    flat = pvmi_array_flat(array);
    if (flat == NULL && count > 0)
        return PvmNoMem;
    rc = pvm_psend(tid, msgtag, count == 0 ? "" : flat, (int)count, datatype);
    pvmi_array_drop(array, flat);
    return rc;
}

int pvmf08_precv(int tid, int msgtag, const struct pvmi_array *array, int *atid, int *atag, int *alen)
{
    int datatype = pvmi_array_datatype(array);
    ptrdiff_t count = pvmi_array_elements(array) * (datatype == PVM_BYTE ? (ptrdiff_t)array->size : 1);
    char none;
    void *flat;
    int rc;

    if (count > INT_MAX)
        return PvmOverflow;
    flat = pvmi_array_flat(array);
    if (flat == NULL && count > 0)
        return PvmNoMem;
    rc = pvm_precv(tid, msgtag, count == 0 ? &none : flat, (int)count, datatype, atid, atag, alen);
    pvmi_array_put(array, flat);
    return rc;
}

/* ---- the rest ---- */

extern char *pvm_errlist[];    /* of libpvm: the texts of codes, by their absolute values */

/* Appends text, as far as it goes, to the used characters of length at to. Returns those used then. */
static int append(char *to, int used, int length, const char *text)
{
    for (; *text != '\0' && used < length; text++)
        to[used++] = *text == '\n' ? ' ' : *text;
    return used;
}

/* The text of code and what more the library knows of its last error, in length characters filled with blanks. */
void pvmf08_text(int code, char *to, int length)
{
    const char *detail = pvm_errdetail();
    int used = append(to, 0, length, code > -37 ? pvm_errlist[-code] : "error");

    if (detail[0] != '\0') {
        used = append(to, used, length, ": ");
        used = append(to, used, length, detail);
    }
    memset(to + used, ' ', (size_t)(length - used));
}

/* Arguments are words of width characters each, filled with blanks. */
int pvmf08_spawn(const char *task, const char *args, int nargs, int width, int flag, const char *where, int ntask,
                 int *tids)
{
    char **argv = calloc((size_t)nargs + 1, sizeof(*argv));
    int rc = argv == NULL ? PvmNoMem : PvmOk;

    for (int i = 0; i < nargs && rc == PvmOk; i++) {
        int length = width;

        while (length > 0 && args[(size_t)i * (size_t)width + (size_t)length - 1] == ' ')
            length--;
        argv[i] = strndup(args + (size_t)i * (size_t)width, (size_t)length);
        if (argv[i] == NULL)
            rc = PvmNoMem;
    }
    if (rc == PvmOk)
        rc = pvm_spawn(task, argv, flag, where, ntask, tids);
    for (int i = 0; argv != NULL && i < nargs; i++)
        free(argv[i]);
    free(argv);
    return rc;
}
