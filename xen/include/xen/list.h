/* SPDX-License-Identifier: GPL-2.0-only */
/* A circular doubly linked list, embedded in what it links. */
#ifndef XEN_LIST_H
#define XEN_LIST_H

#include <xen/types.h>

struct list { struct list *next, *prev; };

#define LIST_INIT(name) { &(name), &(name) }

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_add(struct list *n, struct list *after)
{
	n->next = after->next;
	n->prev = after;
	after->next->prev = n;
	after->next = n;
}

static inline void list_add_tail(struct list *n, struct list *head) { list_add(n, head->prev); }

static inline void list_del(struct list *n)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
	list_init(n);
}

#define list_entry(p, type, member)	container_of(p, type, member)
#define list_first(head, type, member)	list_entry((head)->next, type, member)
#define list_for_each(v, head, member)						\
	for (v = list_entry((head)->next, __typeof__(*v), member);		\
	     &v->member != (head);						\
	     v = list_entry(v->member.next, __typeof__(*v), member))
#define list_for_each_safe(v, tmp, head, member)				\
	for (v = list_entry((head)->next, __typeof__(*v), member),		\
	     tmp = list_entry(v->member.next, __typeof__(*v), member);		\
	     &v->member != (head);						\
	     v = tmp, tmp = list_entry(tmp->member.next, __typeof__(*v), member))

#endif
