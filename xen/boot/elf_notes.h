/* SPDX-License-Identifier: GPL-2.0-only */
/* Between elf.c and elf_notes.c. */
#ifndef BOOT_ELF_NOTES_H
#define BOOT_ELF_NOTES_H

#include "elf.h"

/* Do the len bytes at offset lie within the image? */
bool elf_range_ok(const struct elf_image *elf, u64 offset, u64 len);

/*
 * Take the Xen notes of one segment or section (len bytes at offset of the image, items
 * aligned to align bytes) into *elf; adds their number to *found.
 * Returns 0, -EINVAL or -EOPNOTSUPP with a reason in *why.
 */
int elf_read_notes(struct elf_image *elf, u64 offset, u64 len, u64 align,
		   unsigned *found, const char **why);

/* After all notes are read: are those there without which a PV kernel can't start? */
int elf_check_notes(const struct elf_image *elf, const char **why);

#endif
