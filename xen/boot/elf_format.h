/* SPDX-License-Identifier: GPL-2.0-only */
/* The ELF-64 file format (System V ABI, AMD64 supplement), as far as we read it. */
#ifndef BOOT_ELF_FORMAT_H
#define BOOT_ELF_FORMAT_H

#include <xen/types.h>

struct elf64_ehdr {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf64_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct elf64_shdr {
	u32 name, type;
	u64 flags, addr, offset, size;
	u32 link, info;
	u64 addralign, entsize;
};

struct elf64_nhdr {
	u32 namesz, descsz, type;
};

_Static_assert(sizeof(struct elf64_ehdr) == 64, "ELF header");
_Static_assert(sizeof(struct elf64_phdr) == 56, "ELF program header");
_Static_assert(sizeof(struct elf64_shdr) == 64, "ELF section header");

#define EI_CLASS	4	/* index in ident */
#define EI_DATA		5
#define EI_VERSION	6
#define ELFCLASS64	2
#define ELFDATA2LSB	1
#define EV_CURRENT	1
#define ET_EXEC		2
#define ET_DYN		3
#define EM_X86_64	62
#define PT_LOAD		1
#define PT_NOTE		4
#define SHT_NOTE	7

#endif
