/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions for pvm_reduce() that PVM brings: x becomes x op y, element by element. They can be called
 * directly; *info tells whether they know the type. */
#include "pvm3.h"

/* One loop for each type: the operations differ in how a new x is made of x and y. */
#define EACH(ctype, expression)                   \
    do {                                          \
        ctype *a = x;                             \
        const ctype *b = y;                       \
        for (int i = 0; i < *num; i++)            \
            a[i] = (ctype)(expression);           \
    } while (0)

/* Of two complex numbers the one with the larger (sign 1) or smaller (-1) modulus; x when they are equal. */
#define EACH_BY_MODULUS(ctype, sign)                                              \
    do {                                                                          \
        ctype *a = x;                                                             \
        const ctype *b = y;                                                       \
        for (int i = 0; i < 2 * *num; i += 2) {                                   \
            double of_a = (double)a[i] * a[i] + (double)a[i + 1] * a[i + 1];      \
            double of_b = (double)b[i] * b[i] + (double)b[i + 1] * b[i + 1];      \
            if ((sign) * of_b > (sign) * of_a) {                                  \
                a[i] = b[i];                                                      \
                a[i + 1] = b[i + 1];                                              \
            }                                                                     \
        }                                                                         \
    } while (0)

#define EACH_COMPLEX_PRODUCT(ctype)                               \
    do {                                                          \
        ctype *a = x;                                             \
        const ctype *b = y;                                       \
        for (int i = 0; i < 2 * *num; i += 2) {                   \
            ctype real = a[i] * b[i] - a[i + 1] * b[i + 1];       \
            ctype imaginary = a[i] * b[i + 1] + a[i + 1] * b[i];  \
            a[i] = real;                                          \
            a[i + 1] = imaginary;                                 \
        }                                                         \
    } while (0)

/* Complex numbers are added as twice as many reals. */
#define EACH_COMPLEX_SUM(ctype)                 \
    do {                                        \
        ctype *a = x;                           \
        const ctype *b = y;                     \
        for (int i = 0; i < 2 * *num; i++)      \
            a[i] += b[i];                       \
    } while (0)

/* Overflow of integers wraps, as in PVM 3, and without undefined behaviour. */
#define EACH_WRAPPING(ctype, uctype, op) EACH(ctype, (uctype)a[i] op (uctype)b[i])

void PvmMax(int *datatype, void *x, void *y, int *num, int *info)
{
    *info = PvmOk;
    switch (*datatype) {
    case PVM_BYTE:   EACH(signed char, b[i] > a[i] ? b[i] : a[i]); break;
    case PVM_SHORT:  EACH(short, b[i] > a[i] ? b[i] : a[i]); break;
    case PVM_INT:    EACH(int, b[i] > a[i] ? b[i] : a[i]); break;
    case PVM_LONG:   EACH(long, b[i] > a[i] ? b[i] : a[i]); break;
    case PVM_FLOAT:  EACH(float, b[i] > a[i] ? b[i] : a[i]); break;
    case PVM_DOUBLE: EACH(double, b[i] > a[i] ? b[i] : a[i]); break;
    case PVM_CPLX:   EACH_BY_MODULUS(float, 1); break;
    case PVM_DCPLX:  EACH_BY_MODULUS(double, 1); break;
    default:         *info = PvmBadParam; break;
    }
}

void PvmMin(int *datatype, void *x, void *y, int *num, int *info)
{
    *info = PvmOk;
    switch (*datatype) {
    case PVM_BYTE:   EACH(signed char, b[i] < a[i] ? b[i] : a[i]); break;
    case PVM_SHORT:  EACH(short, b[i] < a[i] ? b[i] : a[i]); break;
    case PVM_INT:    EACH(int, b[i] < a[i] ? b[i] : a[i]); break;
    case PVM_LONG:   EACH(long, b[i] < a[i] ? b[i] : a[i]); break;
    case PVM_FLOAT:  EACH(float, b[i] < a[i] ? b[i] : a[i]); break;
    case PVM_DOUBLE: EACH(double, b[i] < a[i] ? b[i] : a[i]); break;
    case PVM_CPLX:   EACH_BY_MODULUS(float, -1); break;
    case PVM_DCPLX:  EACH_BY_MODULUS(double, -1); break;
    default:         *info = PvmBadParam; break;
    }
}

void PvmSum(int *datatype, void *x, void *y, int *num, int *info)
{
    *info = PvmOk;
    switch (*datatype) {
    case PVM_SHORT:  EACH_WRAPPING(short, unsigned, +); break;
    case PVM_INT:    EACH_WRAPPING(int, unsigned, +); break;
    case PVM_LONG:   EACH_WRAPPING(long, unsigned long, +); break;
    case PVM_FLOAT:  EACH(float, a[i] + b[i]); break;
    case PVM_DOUBLE: EACH(double, a[i] + b[i]); break;
    case PVM_CPLX:   EACH_COMPLEX_SUM(float); break;
    case PVM_DCPLX:  EACH_COMPLEX_SUM(double); break;
    default:         *info = PvmBadParam; break;
    }
}

void PvmProduct(int *datatype, void *x, void *y, int *num, int *info)
{
    *info = PvmOk;
    switch (*datatype) {
    case PVM_SHORT:  EACH_WRAPPING(short, unsigned, *); break;
    case PVM_INT:    EACH_WRAPPING(int, unsigned, *); break;
    case PVM_LONG:   EACH_WRAPPING(long, unsigned long, *); break;
    case PVM_FLOAT:  EACH(float, a[i] * b[i]); break;
    case PVM_DOUBLE: EACH(double, a[i] * b[i]); break;
    case PVM_CPLX:   EACH_COMPLEX_PRODUCT(float); break;
    case PVM_DCPLX:  EACH_COMPLEX_PRODUCT(double); break;
    default:         *info = PvmBadParam; break;
    }
}
