/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entries stand in the order in which they came; slots find them. A removal leaves a hole in entries, and
 * the slot that names the hole is what other tables call a tombstone. Only a set that finds entries full
 * closes the holes, in place when there are many of them, else while it moves all to twice the room.
 *
 * A cursor is no index but the serial number of the entry that comes next: serials rise along entries and
 * stay with their entry when holes are closed, so a walk misses nothing then.
 */
#include "base/table.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "pvm3.h"

#define TABLE_SLOTS_MIN 8
#define TABLE_SLOTS_MAX (1u << 31)
#define TABLE_SERIAL_MAX (1u << 31)    /* numbers are given anew above this */

struct pvmi_table_entry {
    uint64_t key;        /* the number, or the hash of name */
    char *name;          /* NULL in a table of numbers; owned */
    void *value;         /* NULL: a hole */
    uint32_t serial;
};

/* Spreads keys like tids, which differ in few bits. The finaliser of splitmix64. */
static uint64_t table_mix(uint64_t key)
{
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return key ^ (key >> 31);
}

/* FNV-1a: without a seed, because a walk must be the same in every run. */
static uint64_t table_hash_name(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}

/* Entries that fit beside slot_count slots: a quarter of the slots stays free, so that probes are short. */
static uint32_t table_capacity(uint32_t slot_count)
{
    return slot_count - slot_count / 4;
}

void pvmi_table_init(struct pvmi_table *table)
{
    *table = (struct pvmi_table){ .entries = NULL };
}

void pvmi_table_fini(struct pvmi_table *table)
{
    for (uint32_t i = 0; i < table->entry_count; i++)
        pvmi_free(table->entries[i].name);
    pvmi_free(table->entries);
    pvmi_free(table->slots);
    pvmi_table_init(table);
}

static struct pvmi_table_entry *table_find(const struct pvmi_table *table, uint64_t key, const char *name)
{
    uint32_t mask = table->slot_count - 1;

    if (table->slot_count == 0)
        return NULL;
    for (uint32_t at = (uint32_t)table_mix(key) & mask; table->slots[at] != 0; at = (at + 1) & mask) {
        struct pvmi_table_entry *entry = &table->entries[table->slots[at] - 1];

        if (entry->value != NULL && entry->key == key && (name == NULL || strcmp(entry->name, name) == 0))
            return entry;
    }
    return NULL;
}

static void table_slot_in(const struct pvmi_table *table, uint32_t *slots, uint32_t slot_count,
                          uint32_t index)
{
    uint32_t mask = slot_count - 1;
    uint32_t at = (uint32_t)table_mix(table->entries[index].key) & mask;

    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = index + 1;
}

/* Closes the holes and fills slots, which are zero, anew. */
static void table_rebuild(struct pvmi_table *table)
{
    uint32_t kept = 0;
    bool renumber = table->entry_count > 0
                    && table->entries[table->entry_count - 1].serial >= TABLE_SERIAL_MAX;

    for (uint32_t i = 0; i < table->entry_count; i++)
        if (table->entries[i].value != NULL)
            table->entries[kept++] = table->entries[i];
    table->entry_count = kept;

    for (uint32_t i = 0; i < kept; i++) {
        if (renumber)
            table->entries[i].serial = i;
        table_slot_in(table, table->slots, table->slot_count, i);
    }
}

/* Gives entries and slots more room. Nothing changes when there is no memory. */
static int table_grow(struct pvmi_table *table)
{
    uint32_t slot_count = table->slot_count == 0 ? TABLE_SLOTS_MIN : table->slot_count * 2;
    struct pvmi_table_entry *entries;
    uint32_t *slots;

    if (table->slot_count >= TABLE_SLOTS_MAX)
        return PvmNoMem;
    slots = pvmi_calloc(slot_count, sizeof(*slots));
    if (slots == NULL)
        return PvmNoMem;
    entries = pvmi_realloc(table->entries, table_capacity(slot_count) * sizeof(*entries));
    if (entries == NULL) {
        pvmi_free(slots);
        return PvmNoMem;
    }
    pvmi_free(table->slots);
    table->entries = entries;
    table->slots = slots;
    table->slot_count = slot_count;
    table_rebuild(table);
    return PvmOk;
}

/* Makes sure that one more entry fits. */
static int table_make_room(struct pvmi_table *table)
{
    uint32_t capacity = table_capacity(table->slot_count);

    if (table->entry_count < capacity)
        return PvmOk;
    if (table->slot_count == 0 || table->count > capacity / 2)
        return table_grow(table);
    memset(table->slots, 0, table->slot_count * sizeof(*table->slots));
    table_rebuild(table);
    return PvmOk;
}

/* name is the table's from now on, if this succeeds. */
static int table_add(struct pvmi_table *table, uint64_t key, char *name, void *value)
{
    int rc = table_make_room(table);
    uint32_t index = table->entry_count;

    if (rc != PvmOk)
        return rc;
    table->entries[index] = (struct pvmi_table_entry){
        .key = key,
        .name = name,
        .value = value,
        .serial = index == 0 ? 0 : table->entries[index - 1].serial + 1,
    };
    table->entry_count++;
    table->count++;
    table_slot_in(table, table->slots, table->slot_count, index);
    return PvmOk;
}

static void *table_take(struct pvmi_table *table, struct pvmi_table_entry *entry)
{
    void *value;

    if (entry == NULL)
        return NULL;
    value = entry->value;
    entry->value = NULL;
    pvmi_free(entry->name);
    entry->name = NULL;
    table->count--;
    return value;
}

/* The place of the first entry whose serial is not below serial. */
static uint32_t table_index_of(const struct pvmi_table *table, uint32_t serial)
{
    uint32_t low = 0;
    uint32_t high = table->entry_count;

    if (serial < high && table->entries[serial].serial == serial)
        return serial;    /* no hole was ever closed before it */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (table->entries[middle].serial < serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct pvmi_table_entry *table_walk(const struct pvmi_table *table, uint32_t *cursor)
{
    for (uint32_t i = table_index_of(table, *cursor); i < table->entry_count; i++) {
        if (table->entries[i].value != NULL) {
            *cursor = table->entries[i].serial + 1;
            return &table->entries[i];
        }
    }
    return NULL;
}

int pvmi_table_set(struct pvmi_table *table, uint64_t key, void *value)
{
    struct pvmi_table_entry *entry = table_find(table, key, NULL);

    assert(value != NULL);
    if (entry == NULL)
        return table_add(table, key, NULL, value);
    entry->value = value;
    return PvmOk;
}

void *pvmi_table_get(const struct pvmi_table *table, uint64_t key)
{
    struct pvmi_table_entry *entry = table_find(table, key, NULL);

    return entry == NULL ? NULL : entry->value;
}

void *pvmi_table_remove(struct pvmi_table *table, uint64_t key)
{
    return table_take(table, table_find(table, key, NULL));
}

void *pvmi_table_next(const struct pvmi_table *table, uint32_t *cursor, uint64_t *ret_key)
{
    struct pvmi_table_entry *entry = table_walk(table, cursor);

    if (entry == NULL)
        return NULL;
    if (ret_key != NULL)
        *ret_key = entry->key;
    return entry->value;
}

void pvmi_names_init(struct pvmi_names *names)
{
    pvmi_table_init(&names->table);
}

void pvmi_names_fini(struct pvmi_names *names)
{
    pvmi_table_fini(&names->table);
}

int pvmi_names_set(struct pvmi_names *names, const char *key, void *value)
{
    uint64_t hash = table_hash_name(key);
    struct pvmi_table_entry *entry = table_find(&names->table, hash, key);
    char *copy;
    int rc;

    assert(value != NULL);
    if (entry != NULL) {
        entry->value = value;
        return PvmOk;
    }
    copy = pvmi_strdup(key);
    if (copy == NULL)
        return PvmNoMem;
    rc = table_add(&names->table, hash, copy, value);
    if (rc != PvmOk)
        pvmi_free(copy);
    return rc;
}

void *pvmi_names_get(const struct pvmi_names *names, const char *key)
{
    struct pvmi_table_entry *entry = table_find(&names->table, table_hash_name(key), key);

    return entry == NULL ? NULL : entry->value;
}

void *pvmi_names_remove(struct pvmi_names *names, const char *key)
{
    return table_take(&names->table, table_find(&names->table, table_hash_name(key), key));
}

void *pvmi_names_next(const struct pvmi_names *names, uint32_t *cursor, const char **ret_key)
{
    struct pvmi_table_entry *entry = table_walk(&names->table, cursor);

    if (entry == NULL)
        return NULL;
    if (ret_key != NULL)
        *ret_key = entry->name;
    return entry->value;
}
