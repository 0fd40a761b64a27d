/* SPDX-License-Identifier: BSD-3-Clause */
/* An intrusive, circular, doubly linked list. A head and an unlinked node point to themselves. */
#ifndef PVMI_BASE_LIST_H
#define PVMI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct pvmi_list {
    struct pvmi_list *next;
    struct pvmi_list *prev;
};

/* The struct that holds node as its field member. */
#define PVMI_CONTAINER(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

/* Walks the nodes of head; the body may unlink and free the current one. */
#define PVMI_LIST_EACH(node, head)                                                           \
    for (struct pvmi_list *node = (head)->next, *node##_next = node->next; node != (head);  \
         node = node##_next, node##_next = node->next)

static inline void pvmi_list_init(struct pvmi_list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool pvmi_list_empty(const struct pvmi_list *head)
{
    return head->next == head;
}

/* Inserts node before where: before a head means at the end. */
static inline void pvmi_list_insert(struct pvmi_list *where, struct pvmi_list *node)
{
    node->next = where;
    node->prev = where->prev;
    where->prev->next = node;
    where->prev = node;
}

static inline void pvmi_list_push(struct pvmi_list *head, struct pvmi_list *node)
{
    pvmi_list_insert(head, node);
}

static inline void pvmi_list_push_front(struct pvmi_list *head, struct pvmi_list *node)
{
    pvmi_list_insert(head->next, node);
}

/* Unlinks node; doing it twice is fine. */
static inline void pvmi_list_remove(struct pvmi_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    pvmi_list_init(node);
}

/* Takes the first node off, or NULL. */
static inline struct pvmi_list *pvmi_list_pop(struct pvmi_list *head)
{
    struct pvmi_list *node = head->next;

    if (node == head)
        return NULL;
    pvmi_list_remove(node);
    return node;
}

/* Moves all nodes of from to the end of to. */
static inline void pvmi_list_join(struct pvmi_list *to, struct pvmi_list *from)
{
    if (pvmi_list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    pvmi_list_init(from);
}

#endif
