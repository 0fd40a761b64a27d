/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers, packing, sending, receiving. pack, unpack, psend and precv take any data, and never read a hidden length:
 * compilers disagree on whether there is one. */
#include <sys/time.h>

#include <pvm3.h>

void pvmfinitsend_(const int *encoding, int *bufid)
{
    *bufid = pvm_initsend(*encoding);
}

void pvmfmkbuf_(const int *encoding, int *bufid)
{
    *bufid = pvm_mkbuf(*encoding);
}

void pvmffreebuf_(const int *bufid, int *info)
{
    *info = pvm_freebuf(*bufid);
}

void pvmfgetsbuf_(int *bufid)
{
    *bufid = pvm_getsbuf();
}

void pvmfgetrbuf_(int *bufid)
{
    *bufid = pvm_getrbuf();
}

void pvmfsetsbuf_(const int *bufid, int *oldbuf)
{
    *oldbuf = pvm_setsbuf(*bufid);
}

void pvmfsetrbuf_(const int *bufid, int *oldbuf)
{
    *oldbuf = pvm_setrbuf(*bufid);
}

void pvmfbufinfo_(const int *bufid, int *bytes, int *msgtag, int *tid, int *info)
{
    *info = pvm_bufinfo(*bufid, bytes, msgtag, tid);
}

void pvmfgetminfo_(const int *bufid, int *len, int *ctx, int *tag, int *wid, int *enc, int *crc, int *src, int *dst,
                   int *info)
{
    struct pvmminfo header = { 0 };

    *info = pvm_getminfo(*bufid, &header);
    *len = header.len;
    *ctx = header.ctx;
    *tag = header.tag;
    *wid = header.wid;
    *enc = header.enc;
    *crc = header.crc;
    *src = header.src;
    *dst = header.dst;
}

void pvmfsetminfo_(const int *bufid, const int *ctx, const int *tag, const int *wid, const int *src, const int *dst,
                   int *info)
{
    struct pvmminfo header = { .ctx = *ctx, .tag = *tag, .wid = *wid, .src = *src, .dst = *dst };

    *info = pvm_setminfo(*bufid, &header);
}

/* ---- packing ---- */

int pvmpkcopy(int datatype, const void *xp, int nitem, int stride);    /* of libpvm: by value also in place */

/* what: STRING 0, BYTE1 1, INTEGER2 2, INTEGER4 3, REAL4 4, COMPLEX8 5, REAL8 6, COMPLEX16 7, INTEGER8 8, which are
 * PVM_STR to PVM_LONG. Strings are nitem characters, without length or NUL. In place, too, the items are copied: xp may be
 * a temporary of the compiler's. */
void pvmfpack_(const int *what, const void *xp, const int *nitem, const int *stride, int *info)
{
    *info = pvmpkcopy(*what, xp, *nitem, *stride);
}

void pvmfunpack_(const int *what, void *xp, const int *nitem, const int *stride, int *info)
{
    switch (*what) {
    case PVM_STR:
    case PVM_BYTE: *info = pvm_upkbyte(xp, *nitem, *stride); break;
    case PVM_SHORT: *info = pvm_upkshort(xp, *nitem, *stride); break;
    case PVM_INT: *info = pvm_upkint(xp, *nitem, *stride); break;
    case PVM_FLOAT: *info = pvm_upkfloat(xp, *nitem, *stride); break;
    case PVM_CPLX: *info = pvm_upkcplx(xp, *nitem, *stride); break;
    case PVM_DOUBLE: *info = pvm_upkdouble(xp, *nitem, *stride); break;
    case PVM_DCPLX: *info = pvm_upkdcplx(xp, *nitem, *stride); break;
    case PVM_LONG: *info = pvm_upklong(xp, *nitem, *stride); break;
    default: *info = PvmBadParam;
    }
}

void pvmfpkmesg_(const int *bufid, int *info)
{
    *info = pvm_pkmesg(*bufid);
}

void pvmfpkmesgbody_(const int *bufid, int *info)
{
    *info = pvm_pkmesgbody(*bufid);
}

/* bufid, the buffer that is unpacked from, is the active receive buffer meanwhile. */
void pvmfupkmesg_(const int *bufid, int *newbufid)
{
    int before = pvm_setrbuf(*bufid);

    *newbufid = before < 0 ? before : pvm_upkmesg();
    if (before >= 0 && before != *bufid)
        pvm_setrbuf(before);
}

/* ---- sending ---- */

void pvmfsend_(const int *tid, const int *msgtag, int *info)
{
    *info = pvm_send(*tid, *msgtag);
}

void pvmfmcast_(const int *ntask, int *tids, const int *msgtag, int *info)
{
    *info = pvm_mcast(tids, *ntask, *msgtag);
}

void pvmfpsend_(const int *tid, const int *msgtag, const void *buf, const int *len, const int *datatype, int *info)
{
    *info = pvm_psend(*tid, *msgtag, buf, *len, *datatype);
}

/* ---- receiving ---- */

void pvmfrecv_(const int *tid, const int *msgtag, int *bufid)
{
    *bufid = pvm_recv(*tid, *msgtag);
}

void pvmfnrecv_(const int *tid, const int *msgtag, int *bufid)
{
    *bufid = pvm_nrecv(*tid, *msgtag);
}

void pvmfprobe_(const int *tid, const int *msgtag, int *bufid)
{
    *bufid = pvm_probe(*tid, *msgtag);
}

/* sec -1 waits for ever. */
void pvmftrecv_(const int *tid, const int *msgtag, const int *sec, const int *usec, int *bufid)
{
    struct timeval time = { .tv_sec = *sec, .tv_usec = *usec };

    *bufid = pvm_trecv(*tid, *msgtag, *sec == -1 ? NULL : &time);
}

void pvmfprecv_(const int *tid, const int *msgtag, void *buf, const int *len, const int *datatype, int *atid, int *atag,
                int *alen, int *info)
{
    *info = pvm_precv(*tid, *msgtag, buf, *len, *datatype, atid, atag, alen);
}
