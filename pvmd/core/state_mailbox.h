/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox as the log makes it. */
#ifndef PVMD_CORE_STATE_MAILBOX_H
#define PVMD_CORE_STATE_MAILBOX_H

#include "base/table.h"
#include "pvmd/core/core.h"

struct state;

struct mailbox_entry {
    struct pvmi_list link;    /* in order of index */
    int32_t index;
    int32_t owner;            /* 0: it has ended */
    int32_t flags;
    struct pvmi_rec_message message;
    struct pvmi_blob *body;   /* at the orderer; elsewhere NULL, but of what is told to all */
};

struct mailbox_class {
    struct pvmi_list link;    /* in mailbox.classes, in order of creation */
    char *name;
    int32_t count;
    struct pvmi_list entries;
};

/* Classes are there while they have entries. */
struct mailbox {
    struct pvmi_list classes;
    struct pvmi_names by_name;    /* the same */
    uint32_t entry_count;
    size_t name_bytes;            /* each entry counts the name of its class */
    uint64_t body_bytes;
};

void mailbox_init(struct mailbox *mailbox);
void mailbox_fini(struct mailbox *mailbox);
struct mailbox_class *mailbox_class_find(const struct mailbox *mailbox, const char *name);
/* The entry at index, or with first_avail the first one from there on; NULL for none. */
struct mailbox_entry *mailbox_entry_find(const struct mailbox_class *class, int32_t index, bool first_avail);
/* An entry with this index of this class, and so long a body, is told to all daemons with its body. */
bool mailbox_tells(const char *name, int32_t index, uint64_t length);
/* The one of class name, or NULL. */
const struct mailbox_entry *mailbox_told(const struct mailbox *mailbox, const char *name);
bool mailbox_owns(const struct state *state, int32_t tid);    /* tid owns an entry */
int state_mailbox_put(struct core *core, const struct pvmi_rec_entry *rec);    /* PvmOk or PvmNoMem */
void state_mailbox_delete(struct core *core, const char *name, int32_t index);
/* tid has ended: its entries go, but for persistent ones, which lose their owner. */
void state_mailbox_gone(struct core *core, int32_t tid);
void state_mailbox_without_host(struct core *core, int number);
struct pvmi_rec_entry mailbox_record(const struct mailbox_class *class, const struct mailbox_entry *entry);
uint64_t mailbox_hash(const struct mailbox *mailbox, uint64_t hash);

#endif
