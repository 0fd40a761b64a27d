/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox as the log makes it: classes, in order of creation, of entries, in order of index. Bodies are no
 * part of it: they are put in by the orderer alone (mailbox.c), which serves all readers. But one is: what the machine's
 * tracer asks for, which all daemons do (adopt.c). */
#include "pvmd/core/state_mailbox.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/state.h"
#include "wire/tid.h"

#define TOLD_INDEX 0         /* where pvm_reg_tracer() puts what it tells */
#define TOLD_BYTES_MAX 1024  /* some 250 are used */

void mailbox_init(struct mailbox *mailbox)
{
    pvmi_list_init(&mailbox->classes);
    pvmi_names_init(&mailbox->by_name);
}

struct mailbox_class *mailbox_class_find(const struct mailbox *mailbox, const char *name)
{
    return pvmi_names_get(&mailbox->by_name, name);
}

struct mailbox_entry *mailbox_entry_find(const struct mailbox_class *class, int32_t index, bool first_avail)
{
    if (pvmi_list_empty(&class->entries) ||
        PVMI_CONTAINER(class->entries.prev, struct mailbox_entry, link)->index < index)
        return NULL;    /* most often one is put behind the others */
    PVMI_LIST_EACH(node, &class->entries) {
        struct mailbox_entry *entry = PVMI_CONTAINER(node, struct mailbox_entry, link);

        if (entry->index == index || (first_avail && entry->index > index))
            return entry;
    }
    return NULL;
}

/* One entry in all: "welcome" must hold all that is told. */
bool mailbox_tells(const char *name, int32_t index, uint64_t length)
{
    return index == TOLD_INDEX && length <= TOLD_BYTES_MAX && strcmp(name, PVMTRACERCLASS) == 0;
}

const struct mailbox_entry *mailbox_told(const struct mailbox *mailbox, const char *name)
{
    const struct mailbox_class *class = mailbox_class_find(mailbox, name);
    const struct mailbox_entry *entry = class != NULL ? mailbox_entry_find(class, TOLD_INDEX, false) : NULL;

    return entry != NULL && mailbox_tells(name, entry->index, entry->message.length) ? entry : NULL;
}

bool mailbox_owns(const struct state *state, int32_t tid)
{
    PVMI_LIST_EACH(node, &state->mailbox.classes) {
        const struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        PVMI_LIST_EACH(at, &class->entries) {
            if (PVMI_CONTAINER(at, struct mailbox_entry, link)->owner == tid)
                return true;
        }
    }
    return false;
}

/* ---- classes and entries ---- */

static struct mailbox_class *class_make(struct core *core, const char *name)
{
    struct mailbox *mailbox = &core->state.mailbox;
    struct mailbox_class *class = mailbox_class_find(mailbox, name);
    int rc;

    if (class != NULL)
        return class;
    class = core_alloc(core, sizeof(*class));
    if (class == NULL)
        return NULL;
    class->name = core_strdup(core, name);
    rc = class->name != NULL ? pvmi_names_set(&mailbox->by_name, name, class) : PvmNoMem;
    if (rc == PvmNoMem && class->name != NULL && core_release_reserve(core))
        rc = pvmi_names_set(&mailbox->by_name, name, class);
    if (rc != PvmOk) {
        pvmi_free(class->name);
        pvmi_free(class);
        return NULL;
    }
    pvmi_list_init(&class->entries);
    pvmi_list_push(&mailbox->classes, &class->link);
    return class;
}

/* It is there no longer than its entries. */
static void class_settle(struct mailbox *mailbox, struct mailbox_class *class)
{
    if (!pvmi_list_empty(&class->entries))
        return;
    pvmi_names_remove(&mailbox->by_name, class->name);
    pvmi_list_remove(&class->link);
    pvmi_free(class->name);
    pvmi_free(class);
}

static void entry_free(struct mailbox *mailbox, struct mailbox_class *class, struct mailbox_entry *entry)
{
    mailbox->entry_count--;
    class->count--;
    mailbox->name_bytes -= strlen(class->name);
    mailbox->body_bytes -= entry->message.length;
    pvmi_list_remove(&entry->link);
    pvmi_blob_unref(entry->body);
    pvmi_free(entry);
}

static void entry_insert(struct mailbox *mailbox, struct mailbox_class *class, struct mailbox_entry *entry)
{
    struct mailbox_entry *next = mailbox_entry_find(class, entry->index, true);

    pvmi_list_insert(next != NULL ? &next->link : &class->entries, &entry->link);
    mailbox->entry_count++;
    class->count++;
    mailbox->name_bytes += strlen(class->name);
}

void mailbox_fini(struct mailbox *mailbox)
{
    PVMI_LIST_EACH(node, &mailbox->classes) {
        struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        PVMI_LIST_EACH(at, &class->entries)
            entry_free(mailbox, class, PVMI_CONTAINER(at, struct mailbox_entry, link));
        class_settle(mailbox, class);
    }
    pvmi_names_fini(&mailbox->by_name);
}

/* ---- commands ---- */

/* What rec tells, or NULL: PvmOk or PvmNoMem. */
static int copy_told(struct core *core, const struct pvmi_rec_entry *rec, struct pvmi_blob **ret_body)
{
    struct pvmi_blob *body = NULL;

    if (rec->told.length > 0)
        body = pvmi_blob_copy(rec->told.data, rec->told.length);
    if (rec->told.length > 0 && body == NULL && core_release_reserve(core))
        body = pvmi_blob_copy(rec->told.data, rec->told.length);
    *ret_body = body;
    return rec->told.length == 0 || body != NULL ? PvmOk : PvmNoMem;
}

int state_mailbox_put(struct core *core, const struct pvmi_rec_entry *rec)
{
    struct mailbox *mailbox = &core->state.mailbox;
    const char *name = rec->name != NULL ? rec->name : "";
    struct mailbox_class *class = mailbox_class_find(mailbox, name);
    struct mailbox_entry *entry = class != NULL ? mailbox_entry_find(class, rec->index, false) : NULL;
    struct pvmi_blob *body;

    if (copy_told(core, rec, &body) != PvmOk)
        return PvmNoMem;
    if (entry == NULL) {
        entry = core_alloc(core, sizeof(*entry));
        if (entry != NULL)
            class = class_make(core, name);
        if (entry == NULL || class == NULL) {
            pvmi_free(entry);
            pvmi_blob_unref(body);
            return PvmNoMem;
        }
        entry->index = rec->index;
        entry_insert(mailbox, class, entry);
    }
    mailbox->body_bytes += rec->message.length;
    mailbox->body_bytes -= entry->message.length;
    pvmi_blob_unref(entry->body);
    entry->body = body;
    entry->owner = rec->owner;
    entry->flags = rec->flags;
    entry->message = rec->message;
    return PvmOk;
}

void state_mailbox_delete(struct core *core, const char *name, int32_t index)
{
    struct mailbox *mailbox = &core->state.mailbox;
    struct mailbox_class *class = mailbox_class_find(mailbox, name);
    struct mailbox_entry *entry = class != NULL ? mailbox_entry_find(class, index, false) : NULL;

    if (entry == NULL)
        return;
    entry_free(mailbox, class, entry);
    class_settle(mailbox, class);
}

static void entries_without(struct mailbox *mailbox, int32_t tid, int host)
{
    PVMI_LIST_EACH(node, &mailbox->classes) {
        struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        PVMI_LIST_EACH(at, &class->entries) {
            struct mailbox_entry *entry = PVMI_CONTAINER(at, struct mailbox_entry, link);

            if (tid != 0 ? entry->owner != tid : entry->owner == 0 || pvmi_tid_host(entry->owner) != host)
                continue;
            if (entry->flags & PvmMboxPersistent)
                entry->owner = 0;
            else
                entry_free(mailbox, class, entry);
        }
        class_settle(mailbox, class);
    }
}

void state_mailbox_gone(struct core *core, int32_t tid)
{
    entries_without(&core->state.mailbox, tid, 0);
}

void state_mailbox_without_host(struct core *core, int number)
{
    entries_without(&core->state.mailbox, 0, number);
}

/* ---- as a record, and in the hash ---- */

struct pvmi_rec_entry mailbox_record(const struct mailbox_class *class, const struct mailbox_entry *entry)
{
    struct pvmi_rec_entry rec = {
        .name = class->name,
        .index = entry->index,
        .owner = entry->owner,
        .flags = entry->flags,
        .message = entry->message,
    };

    if (entry->body != NULL && mailbox_tells(class->name, entry->index, entry->message.length))
        rec.told = (struct pvmi_bytes){ .data = entry->body->data, .length = (uint32_t)entry->body->length };
    return rec;
}

static uint64_t entry_hash(const struct mailbox_entry *entry, uint64_t hash)
{
    const struct pvmi_rec_message *message = &entry->message;
    const int64_t numbers[] = {
        entry->index, entry->owner, entry->flags, message->encoding, message->format, message->type,
        message->tag, message->ctx, message->src, message->dst, message->wid, (int64_t)message->length,
    };

    return state_mix(hash, numbers, sizeof(numbers));
}

uint64_t mailbox_hash(const struct mailbox *mailbox, uint64_t hash)
{
    PVMI_LIST_EACH(node, &mailbox->classes) {
        const struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        const struct mailbox_entry *told = mailbox_told(mailbox, class->name);

        hash = state_mix(hash, class->name, strlen(class->name) + 1);
        if (told != NULL && told->body != NULL)
            hash = state_mix(hash, told->body->data, told->body->length);
        PVMI_LIST_EACH(at, &class->entries)
            hash = entry_hash(PVMI_CONTAINER(at, struct mailbox_entry, link), hash);
    }
    return hash;
}
