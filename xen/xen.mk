# SPDX-License-Identifier: GPL-2.0-only
# The hypervisor: $(O)/xen/xen (flat image, Multiboot 1 and 2), xen.gz, xen-syms (ELF with symbols).

O	?= build
CC	?= gcc
# DEBUG=y: checks the lock order at run time, in a folder of its own, build/xen-debug
XEN_O	:= $(O)/xen$(if $(filter y,$(DEBUG)),-debug)
DECODERS ?= $(O)/linux-xen/decoders

XEN_DATE_STRING := $(shell date -u -d @$(SOURCE_DATE_EPOCH) '+%F %T UTC' 2>/dev/null || echo unknown)
XEN_VERSION_STRING := $(firstword $(REVISION))

gcc-include := $(shell $(CC) -print-file-name=include)
XEN_CFLAGS = -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror \
	-ffreestanding -fno-builtin-printf -fpie -fvisibility=hidden -fno-stack-protector \
	-fno-strict-aliasing -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -momit-leaf-frame-pointer \
	-fno-delete-null-pointer-checks -fno-jump-tables -fcf-protection=none -mgeneral-regs-only -mno-red-zone -mcmodel=small \
	-D__XEN_TOOLS__ -DXEN_DEBUG=$(if $(filter y,$(DEBUG)),1,0) -nostdinc -isystem $(gcc-include) \
	-include $(CURDIR)/xen/include/xen/hidden.h \
	-Ixen/include -I$(O)/abi -I$(XEN_O)/gen

xen-rooms := boot cpu mm domain sched event grant time irq acpi console control debug lib
xen-src	:= $(sort $(wildcard $(foreach r,$(xen-rooms),xen/$(r)/*.c xen/$(r)/*.S)))
ifneq ($(DEBUG),y)
xen-src := $(filter-out xen/debug/locks.c,$(xen-src))
endif
xen-objs := $(patsubst xen/%.c,$(XEN_O)/%.o,$(filter %.c,$(xen-src))) \
	$(patsubst xen/%.S,$(XEN_O)/%.o,$(filter %.S,$(xen-src)))
xen-gen	:= $(XEN_O)/gen/asm-offsets.h

$(DECODERS)/id: linux-xen/check-source
	@$(MAKE) --no-print-directory -C linux-xen O=$(abspath $(O)) decoders
	@touch $@

include xen/boot/decode/decode.mk

$(O)/abi/public/xen.h:
	@mkdir -p $(O)/abi
	@test -e /usr/include/xen/xen.h || { echo "xen: the ABI headers are missing: apt-get install libxen-dev" >&2; exit 1; }
	@ln -sfn /usr/include/xen $(O)/abi/public

# Offsets that the assembly needs, from the C structs themselves.
$(XEN_O)/gen/asm-offsets.h: xen/cpu/asm-offsets.c $(O)/abi/public/xen.h $(wildcard xen/include/xen/*.h)
	@mkdir -p $(@D)
	@$(CC) $(XEN_CFLAGS) -S -o $(@D)/asm-offsets.s $<
	@sed -n 's/^.*->\([A-Za-z0-9_]*\) [$$]*\(-\?[0-9]*\).*/#define \1 \2/p' $(@D)/asm-offsets.s > $@.tmp && mv $@.tmp $@

$(XEN_O)/%.o: xen/%.c $(O)/abi/public/xen.h
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(XEN_CFLAGS) -MMD -MP -c -o $@ $<

$(XEN_O)/%.o: xen/%.S $(xen-gen) $(O)/abi/public/xen.h
	@mkdir -p $(@D)
	@echo "  AS      $<"
	@$(CC) $(filter-out -std=%,$(XEN_CFLAGS)) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(XEN_O)/gen/version.c: FORCE
	@mkdir -p $(@D)
	@echo 'const char hv_build[] = "$(XEN_VERSION_STRING)", hv_date[] = "$(XEN_DATE_STRING)";' > $@.tmp
	@cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@

$(XEN_O)/gen/version.o: $(XEN_O)/gen/version.c
	@$(CC) $(XEN_CFLAGS) -c -o $@ $<

# Linked twice: the symbol table for crash dumps is made from the first link.
xen-all-objs = $(filter-out %/asm-offsets.o,$(xen-objs)) $(XEN_O)/gen/version.o
xen-link = ld -melf_x86_64 -nostdlib -static -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments --build-id=none --gc-sections -T xen/xen.lds

$(XEN_O)/xen-syms: $(xen-all-objs) xen/xen.lds xen/debug/symtab.py
	@python3 xen/debug/symtab.py --empty > $(XEN_O)/symtab0.s && as -o $(XEN_O)/symtab0.o $(XEN_O)/symtab0.s
	@$(xen-link) -o $(XEN_O)/.syms0 $(xen-all-objs) $(XEN_O)/symtab0.o
	@nm -n $(XEN_O)/.syms0 | python3 xen/debug/symtab.py > $(XEN_O)/symtab1.s && as -o $(XEN_O)/symtab1.o $(XEN_O)/symtab1.s
	@$(xen-link) -o $(XEN_O)/.syms1 $(xen-all-objs) $(XEN_O)/symtab1.o
	@nm -n $(XEN_O)/.syms1 | python3 xen/debug/symtab.py > $(XEN_O)/symtab2.s && as -o $(XEN_O)/symtab2.o $(XEN_O)/symtab2.s
	@$(xen-link) -o $@ $(xen-all-objs) $(XEN_O)/symtab2.o
	@echo "  LD      $@"

$(XEN_O)/xen: $(XEN_O)/xen-syms
	@objcopy -O binary -R .bss $< $@

$(XEN_O)/xen.gz: $(XEN_O)/xen
	@gzip -9 -n -c $< > $@.tmp && mv $@.tmp $@
	@echo "  GZIP    $@ ($$(stat -c %s $@) bytes)"

.PHONY: xen FORCE
xen: $(XEN_O)/xen.gz ## The hypervisor: build/xen/xen.gz and xen-syms; with DEBUG=y build/xen-debug/

-include $(wildcard $(XEN_O)/*/*.d $(XEN_O)/boot/decode/*.d)
