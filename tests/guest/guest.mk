# SPDX-License-Identifier: GPL-2.0-only
#
# Rung 2 of the tests: tiny PV kernels that try the hypervisor's ABI from ring 3.
# One source file per topic in tests/guest/, linked with the library in lib/.
# XEN names the hypervisor under test, an ELF file as QEMU's -kernel takes it.

O ?= build
XEN ?= $(O)/xen/xen

GT := tests/guest
GT_O := $(O)/tests/guest
# those that take too long for `make check`
GT_FULL :=
GT_TESTS := $(patsubst $(GT)/%.c,%,$(wildcard $(GT)/*.c))
GT_LIB := $(patsubst %,$(GT_O)/lib/%.o,$(notdir $(wildcard $(GT)/lib/*.c $(GT)/lib/*.S)))
GT_ELFS := $(GT_TESTS:%=$(GT_O)/%.elf)
GT_CFLAGS := -O2 -g -std=gnu11 -Wall -Wextra -Wmissing-prototypes -Wno-array-bounds -ffreestanding \
	-fno-pic -no-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fcf-protection=none \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-tree-loop-distribute-patterns -fno-ipa-reference-addressable -fno-common \
	-D__XEN_INTERFACE_VERSION__=0x00041100 -D__XEN_TOOLS__ -I$(GT)/lib -MMD -MP

$(GT_O)/lib/%.o: $(GT)/lib/% $(GT)/guest.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(GT_CFLAGS) -c -o $@ $<

$(GT_O)/%.o: $(GT)/%.c $(GT)/guest.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(GT_CFLAGS) -c -o $@ $<

$(GT_ELFS): $(GT_O)/%.elf: $(GT_O)/%.o $(GT_LIB) $(GT)/lib/guest.lds
	@echo "  LD      $@"
	@$(CC) -nostdlib -static -no-pie -Wl,-T,$(GT)/lib/guest.lds -Wl,--build-id=none \
		-Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -o $@ $< $(GT_LIB)

# A guest of its own, without the library: docs/porting.md
GT_HELLO := $(GT_O)/hello.elf
$(GT_O)/hello/%.o: $(GT)/hello/% $(GT)/guest.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(GT_CFLAGS) -c -o $@ $<

$(GT_HELLO): $(GT_O)/hello/start.S.o $(GT_O)/hello/hello.c.o $(GT)/lib/guest.lds
	@echo "  LD      $@"
	@$(CC) -nostdlib -static -no-pie -Wl,-T,$(GT)/lib/guest.lds -Wl,--build-id=none \
		-Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -o $@ $(filter %.o,$^)

.PHONY: guest-tests check-guest check-guest-debug check-guest-full
guest-tests: $(GT_ELFS) $(GT_HELLO)

check-guest: $(GT_ELFS) $(XEN) ## the ABI tests from ring 3 on XEN (default: ours)
	@tests/guest/run --xen $(XEN) --out $(GT_O) $(filter-out $(GT_FULL:%=$(GT_O)/%.elf),$(GT_ELFS))

# Not those that count instructions, measure shares, or end in a crash, which say nothing new here.
GT_DEBUG := $(filter-out crash_% perf rtds sched sched_smp,$(GT_TESTS))

check-guest-debug: $(GT_ELFS) ## most of them on a debug build of ours, which checks the order of locks
	@$(MAKE) --no-print-directory O=$(O) DEBUG=y xen
	@tests/guest/run --xen $(O)/xen-debug/xen --out $(GT_O)/debug $(GT_DEBUG:%=$(GT_O)/%.elf)

check-guest-full: $(GT_ELFS) $(XEN) ## the long ones of them
	@$(if $(GT_FULL),tests/guest/run --xen $(XEN) --out $(GT_O) $(GT_FULL:%=$(GT_O)/%.elf),echo "0 passed, 0 failed")

-include $(wildcard $(GT_O)/*.d $(GT_O)/lib/*.d $(GT_O)/hello/*.d)
