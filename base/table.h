/* SPDX-License-Identifier: BSD-3-Clause */
/* A hash table from 64-bit numbers, or from strings, to pointers. The order of a walk depends on the
 * history of sets and removals only, never on addresses: the daemon's core must be deterministic. */
#ifndef PVMI_BASE_TABLE_H
#define PVMI_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pvmi_table_entry;

struct pvmi_table {
    struct pvmi_table_entry *entries;    /* in order of insertion, with holes */
    uint32_t *slots;                     /* open addressing: index + 1 into entries, 0 free */
    uint32_t entry_count;                /* used places of entries, holes included */
    uint32_t slot_count;                 /* a power of two, or 0 */
    size_t count;                        /* values held */
};

/* An empty table; allocates nothing. */
void pvmi_table_init(struct pvmi_table *table);

/* Frees the table, not the values. */
void pvmi_table_fini(struct pvmi_table *table);

/* Sets key to value (not NULL), in the place of what was there. Returns PvmOk or PvmNoMem. */
int pvmi_table_set(struct pvmi_table *table, uint64_t key, void *value);

/* The value of key, or NULL. */
void *pvmi_table_get(const struct pvmi_table *table, uint64_t key);

/* Takes key out and returns its value, or NULL. Never fails, never moves entries. */
void *pvmi_table_remove(struct pvmi_table *table, uint64_t key);

/*
 * Walks the values in order of insertion: start with *cursor 0. Returns NULL at the end. The entry just
 * returned may be removed while walking; a set may show the new entry or not.
 */
void *pvmi_table_next(const struct pvmi_table *table, uint32_t *cursor, uint64_t *ret_key);

/* The same with strings as keys; the table keeps its own copy of a key. */
struct pvmi_names {
    struct pvmi_table table;
};

void pvmi_names_init(struct pvmi_names *names);
void pvmi_names_fini(struct pvmi_names *names);
int pvmi_names_set(struct pvmi_names *names, const char *key, void *value);
void *pvmi_names_get(const struct pvmi_names *names, const char *key);
void *pvmi_names_remove(struct pvmi_names *names, const char *key);
void *pvmi_names_next(const struct pvmi_names *names, uint32_t *cursor, const char **ret_key);

#endif
