/* SPDX-License-Identifier: BSD-3-Clause */
#include "descriptor.h"

#ifdef CFI_type_mask

/* gfortran: the lower byte is the family (integer, logical, real, complex, character), the others the kind. */
static int family_of(const CFI_cdesc_t *from)
{
    switch (from->type & CFI_type_mask) {
    case CFI_type_Integer:
    case CFI_type_Logical: return PVMI_FAMILY_INTEGER;
    case CFI_type_Real: return PVMI_FAMILY_REAL;
    case CFI_type_Complex: return PVMI_FAMILY_COMPLEX;
    case CFI_type_Character: return PVMI_FAMILY_CHARACTER;
    default: return PVMI_FAMILY_OTHER;
    }
}

/* Its own descriptor, which it hands to procedures that are not bind(C). */
struct own_descriptor {
    void *base;
    ptrdiff_t offset;
    size_t size;
    int version;
    signed char rank;
    signed char type;
    short attribute;
    ptrdiff_t span;
    struct {
        ptrdiff_t stride;
        ptrdiff_t lower;
        ptrdiff_t upper;
    } dim[PVMI_ARRAY_RANK_MAX];
};

/* Variables and sections of them are numbered from 1 when they are passed on, what it makes of an expression or a vector
 * subscript from 0. Scalars do not tell. */
static bool is_lasting(const void *own)
{
    const struct own_descriptor *from = own;

    for (int i = 0; i < from->rank; i++)
        if (from->dim[i].lower != 1)
            return false;
    return from->rank > 0;
}

#else

/* Others: one number for each type of C, and some have more than one name. */
static int family_of(const CFI_cdesc_t *from)
{
    static const struct {
        int type;
        int family;
    } known[] = {
        { CFI_type_signed_char, PVMI_FAMILY_INTEGER }, { CFI_type_short, PVMI_FAMILY_INTEGER },
        { CFI_type_int, PVMI_FAMILY_INTEGER },         { CFI_type_long, PVMI_FAMILY_INTEGER },
        { CFI_type_long_long, PVMI_FAMILY_INTEGER },   { CFI_type_int8_t, PVMI_FAMILY_INTEGER },
        { CFI_type_int16_t, PVMI_FAMILY_INTEGER },     { CFI_type_int32_t, PVMI_FAMILY_INTEGER },
        { CFI_type_int64_t, PVMI_FAMILY_INTEGER },     { CFI_type_int_fast8_t, PVMI_FAMILY_INTEGER },
        { CFI_type_int_fast16_t, PVMI_FAMILY_INTEGER }, { CFI_type_int_fast32_t, PVMI_FAMILY_INTEGER },
        { CFI_type_int_fast64_t, PVMI_FAMILY_INTEGER }, { CFI_type_int_least8_t, PVMI_FAMILY_INTEGER },
        { CFI_type_int_least16_t, PVMI_FAMILY_INTEGER }, { CFI_type_int_least32_t, PVMI_FAMILY_INTEGER },
        { CFI_type_int_least64_t, PVMI_FAMILY_INTEGER }, { CFI_type_Bool, PVMI_FAMILY_INTEGER },
        { CFI_type_float, PVMI_FAMILY_REAL },          { CFI_type_double, PVMI_FAMILY_REAL },
        { CFI_type_long_double, PVMI_FAMILY_REAL },    { CFI_type_float_Complex, PVMI_FAMILY_COMPLEX },
        { CFI_type_double_Complex, PVMI_FAMILY_COMPLEX }, { CFI_type_long_double_Complex, PVMI_FAMILY_COMPLEX },
        { CFI_type_char, PVMI_FAMILY_CHARACTER },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].type == from->type)
            return known[i].family;
    return PVMI_FAMILY_OTHER;
}

/* Whether it is a variable or the value of an expression cannot be seen. */
static bool is_lasting(const void *own)
{
    (void)own;
    return false;
}

#endif

void pvmi_descriptor_read(const CFI_cdesc_t *from, struct pvmi_array *ret_array)
{
    ret_array->base = from->base_addr;
    ret_array->size = from->elem_len;
    ret_array->family = family_of(from);
    ret_array->rank = from->rank;
    ret_array->lasting = 0;
    for (int i = 0; i < from->rank; i++) {
        ret_array->extent[i] = from->dim[i].extent;
        ret_array->step[i] = from->dim[i].sm;
    }
}

/* For pvm_f08, which keeps the array in a type of its own. */
void pvmf08_describe(const CFI_cdesc_t *from, struct pvmi_array *ret_array)
{
    pvmi_descriptor_read(from, ret_array);
}

/* For what is packed. Called by the name that the compiler makes of it, with an underscore or none. */
void pvmf08_lasts(const void *own, struct pvmi_array *array)
{
    array->lasting = is_lasting(own);
}

void pvmf08_lasts_(const void *own, struct pvmi_array *array)
{
    pvmf08_lasts(own, array);
}
