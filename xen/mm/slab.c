/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small objects. A slab is one page: a header, then objects of one size, the
 * free ones chained through their first bytes. Sizes are chosen so that they
 * fill the page. Larger objects get whole pages, their number kept in the first
 * frame's aux; they are page-aligned, which slab objects never are.
 */
#include <xen/mm.h>
#include <xen/list.h>
#include <xen/lib.h>

struct slab {
	struct list list;		/* in partial[class], unless full */
	void *free;			/* first free object */
	u16 used, class;
	u32 magic;
};
#define SLAB_MAGIC	0x62616c53

static const u16 sizes[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 336, 448, 576, 672, 1008, 1344, 2032
};
#define NR_CLASSES	ARRAY_SIZE(sizes)
#define PAGES_MAX	256

static spinlock_t slab_lock = SPINLOCK_INIT(LOCK_SLAB);
static struct list partial[NR_CLASSES];		/* slab lock */

static void *alloc_large(size_t size)
{
	u64 pages = PFN_UP(size), order = 0;
	u8 *va;

	while (1UL << order < pages)
		order++;
	va = alloc_pages(order);
	if (!va)
		return NULL;
	va_to_page(va)->aux = pages;
	for (u64 i = pages; i < 1UL << order; i++)
		free_page(va + (i << PAGE_SHIFT));
	return va;
}

static void free_large(u8 *va)
{
	u64 pages = va_to_page(va)->aux;

	BUG_ON(!pages || pages > PAGES_MAX);
	for (u64 i = 0; i < pages; i++)
		free_page(va + (i << PAGE_SHIFT));
}

static struct slab *new_slab(unsigned class)
{
	struct slab *s = alloc_page();
	u8 *end = (u8 *)s + PAGE_SIZE;

	if (!s)
		return NULL;
	s->class = class;
	s->magic = SLAB_MAGIC;
	for (u8 *p = (u8 *)(s + 1); p + sizes[class] <= end; p += sizes[class]) {
		*(void **)p = s->free;
		s->free = p;
	}
	list_add(&s->list, &partial[class]);
	return s;
}

void *xmalloc(size_t size)
{
	unsigned class = 0;
	struct slab *s;
	void *p;

	if (size > PAGES_MAX * PAGE_SIZE)
		return NULL;
	if (size > sizes[NR_CLASSES - 1])
		return alloc_large(size);
	while (sizes[class] < size)
		class++;

	spin_lock(&slab_lock);
	if (!partial[class].next)
		list_init(&partial[class]);
	if (list_empty(&partial[class]))
		s = new_slab(class);
	else
		s = list_first(&partial[class], struct slab, list);
	if (!s) {
		spin_unlock(&slab_lock);
		return NULL;
	}
	p = s->free;
	s->free = *(void **)p;
	s->used++;
	if (!s->free)
		list_del(&s->list);
	spin_unlock(&slab_lock);
	memset(p, 0, sizes[class]);
	return p;
}

void xfree(void *p)
{
	struct slab *s = (struct slab *)((vaddr_t)p & PAGE_MASK);

	if (!p)
		return;
	if ((void *)s == p) {
		free_large(p);
		return;
	}
	spin_lock(&slab_lock);
	BUG_ON(s->magic != SLAB_MAGIC || s->class >= NR_CLASSES || !s->used ||
	       ((u8 *)p - (u8 *)(s + 1)) % sizes[s->class]);
	if (!s->free)
		list_add(&s->list, &partial[s->class]);
	*(void **)p = s->free;
	s->free = p;
	if (!--s->used) {
		list_del(&s->list);
		s->magic = 0;
		free_page(s);
	}
	spin_unlock(&slab_lock);
}
