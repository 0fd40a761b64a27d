/* SPDX-License-Identifier: BSD-3-Clause */
/* The host table as the log makes it: records, in order of number. */
#include "pvmd/core/state_hosts.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "wire/tid.h"

void host_free(struct host *host)
{
    if (host == NULL)
        return;
    pvmi_list_remove(&host->link);
    for (uint32_t i = 0; host->rec.addresses.v != NULL && i < host->rec.addresses.n; i++)
        pvmi_free(host->rec.addresses.v[i]);
    pvmi_free(host->rec.addresses.v);
    pvmi_free((char *)host->rec.name);
    pvmi_free((uint8_t *)host->rec.key.data);
    pvmi_free((char *)host->rec.arch);
    pvmi_free((char *)host->rec.launcher);
    pvmi_free(host);
}

static bool copy_addresses(struct core *core, struct host *host, const struct pvmi_strings *from)
{
    host->rec.addresses.v = core_alloc(core, (from->n + 1) * sizeof(char *));
    if (host->rec.addresses.v == NULL)
        return false;
    for (uint32_t i = 0; i < from->n; i++) {
        host->rec.addresses.v[i] = core_strdup(core, from->v[i] != NULL ? from->v[i] : "");
        if (host->rec.addresses.v[i] == NULL)
            return false;
        host->rec.addresses.n++;
    }
    return true;
}

struct host *host_new(struct core *core, const struct pvmi_rec_host *rec)
{
    struct host *host = core_alloc(core, sizeof(*host));

    if (host == NULL)
        return NULL;
    pvmi_list_init(&host->link);
    host->rec = *rec;
    memset(&host->rec.addresses, 0, sizeof(host->rec.addresses));
    uint8_t *key = core_alloc(core, rec->key.length + 1);
    if (key != NULL && rec->key.length > 0)
        memcpy(key, rec->key.data, rec->key.length);
    host->rec.key.data = key;
    host->rec.name = core_strdup(core, rec->name != NULL ? rec->name : "");
    host->rec.arch = core_strdup(core, rec->arch != NULL ? rec->arch : "");
    host->rec.launcher = core_strdup(core, rec->launcher != NULL ? rec->launcher : "");
    if (key == NULL || host->rec.name == NULL || host->rec.arch == NULL || host->rec.launcher == NULL ||
        !copy_addresses(core, host, &rec->addresses)) {
        host_free(host);
        return NULL;
    }
    return host;
}

struct host *host_find(const struct state *state, int number)
{
    PVMI_LIST_EACH(node, &state->hosts) {
        struct host *host = PVMI_CONTAINER(node, struct host, link);

        if (host->rec.number == number)
            return host;
    }
    return NULL;
}

struct host *host_by_name(const struct state *state, const char *name)
{
    PVMI_LIST_EACH(node, &state->hosts) {
        struct host *host = PVMI_CONTAINER(node, struct host, link);

        if (strcmp(host->rec.name, name) == 0)
            return host;
    }
    return NULL;
}

void state_insert_host(struct state *state, struct host *host)
{
    struct pvmi_list *where = &state->hosts;

    PVMI_LIST_EACH(node, &state->hosts) {
        if (PVMI_CONTAINER(node, struct host, link)->rec.number > host->rec.number) {
            where = node;
            break;
        }
    }
    pvmi_list_insert(where, &host->link);
    state->host_count++;
    if (host->rec.number >= 0 && host->rec.number <= PVMI_HOST_MAX)
        state->met[host->rec.number / 8] |= (uint8_t)(1u << host->rec.number % 8);
}

bool host_met(const struct state *state, int number)
{
    return (state->met[number / 8] >> number % 8 & 1) != 0;
}

struct host *state_remove_host(struct state *state, int number)
{
    struct host *host = host_find(state, number);

    if (host == NULL)
        return NULL;
    pvmi_list_remove(&host->link);
    state->host_count--;
    return host;
}

const char *host_name(struct core *core, int number)
{
    static char unknown[32];
    const struct host *host = host_find(&core->state, number);

    if (host != NULL)
        return host->rec.name;
    snprintf(unknown, sizeof(unknown), "host %d", number);
    return unknown;
}
