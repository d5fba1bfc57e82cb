# SPDX-License-Identifier: GPL-2.0-only
# xendemo: `make help` lists the targets, from the ## comments beside them.
#
# Everything is built below $(O); kernels and downloaded packages are kept in
# $(XENDEMO_CACHE), outside the tree. Each room's rules are in its own .mk file.

O	?= build
export XENDEMO_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/xendemo
REVISION := $(shell tools/revision)
SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(lastword $(REVISION)))
export SOURCE_DATE_EPOCH
SHELL	:= /bin/bash
.DEFAULT_GOAL := all
# one line for each thing that is made; V=1 shows the commands
$(V).SILENT:
.DELETE_ON_ERROR:
# one job more than CPUs, unless make was told how many; several goals: one after the other
ifeq ($(MAKELEVEL)$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell echo $$(($$(nproc) + 1)))
endif

XEN_GZ	:= $(O)/xen/xen.gz
KERNEL0	:= $(O)/linux-xen/vmlinuz-xen0
KERNELU	:= $(O)/linux-xen/vmlinuz-xenU

# Before anything else the build's packages must be there: make starts over when this changed.
include $(O)/packages.installed
$(O)/packages.installed: packages.txt tools/install-packages
	@mkdir -p $(@D)
	@tools/install-packages packages.txt
	@touch $@

# what `make check` runs, and what takes too long for it; each ends with "N passed, M failed"
CHECK := check-unit check-guest check-guest-debug check-boot
CHECK_FULL := check-guest-full check-boot-full

include xen/xen.mk
include rootfs/rootfs.mk
include initrd/initrd.mk
include install-to-disk/install.mk
include iso/iso.mk
include devel/devel.mk
include tests/unit/unit.mk
include tests/guest/guest.mk
include tests/boot/boot.mk
include bench/bench.mk
include docs/docs.mk

.PHONY: all help kernels demo demo-128 demo-debian check check-full qemu qemu-gdb qemu-gdb-serial verify clean

all: xen kernels iso ## everything: hypervisor, kernels, root, initrd, CD image (build/xendemo.iso)

kernels: $(KERNEL0) $(KERNELU) ## the two kernels, xen0 and xenU (from the cache if nothing changed)

# One recursive call makes both, at once; it takes a second if they are in the cache.
# The decoders come from the same source: one at a time looks for it.
$(KERNEL0) $(KERNELU) &: $(wildcard linux-xen/*) | $(DECODERS)/id
	@$(MAKE) --no-print-directory -C linux-xen O=$(abspath $(O)) kernels
	@touch $(KERNEL0) $(KERNELU)

demo: all ## build the CD and boot it in QEMU: interactive on a terminal, else a scripted tour
	@tools/demo $(ISO)

# DEMO_ARGS, e.g.: DEMO_ARGS="--guests 16 --memory 2048"
demo-128: all ## 128 guests at once in QEMU (8 GB, 2 CPUs): each answers, and what one more costs
	@tools/demo-128 --xen $(O)/xen/xen --kernel0 $(KERNEL0) --kernelu $(KERNELU) --initrd $(INITRD) \
		--iso $(ISO) --busybox $(O)/initrd/bin/busybox --log $(O)/demo-128.log $(DEMO_ARGS)

demo-debian: all ## Debian's own system and kernel as a guest, in QEMU: interactive on a terminal, else a scripted tour
	@disk=$$(tools/debian-disk) && tools/demo-debian $(ISO) "$$disk"

QEMU	:= qemu-system-x86_64 -accel tcg -cpu max,-smap,-xsave -m 1024 -no-reboot
QEMU_RUN = $(QEMU) -nographic -kernel $(O)/xen/xen \
	-append "com1=115200 console=com1 loglvl=all dom0_mem=512M $(XEN_ARGS)" \
	-initrd "$(KERNEL0) console=hvc0 $(LINUX_ARGS),$(INITRD)" -cdrom $(ISO)

qemu: all ## hypervisor and xen0 straight by -kernel, seconds to a prompt (Ctrl-A X ends; XEN_ARGS=, LINUX_ARGS=)
	$(QEMU_RUN)

qemu-gdb: all ## the same, stopped and waiting for gdb -x tools/gdbinit on port 1234
	$(QEMU_RUN) -s -S

# The console stays on com1, this terminal.
qemu-gdb-serial: XEN_ARGS += gdb=com2
qemu-gdb-serial: all ## the same, running; gdb -ex 'set $$port = 1235' -x tools/gdbinit stops it by the hypervisor's own stub
	$(QEMU_RUN) -serial mon:stdio -serial tcp:localhost:1235,server=on,wait=off

check: all unit-tests guest-tests ## every test but those of check-full; the last line is "N passed, M failed"
	@tests/check $(O) $(CHECK)

check-full: all unit-tests guest-tests ## the tests that are too long for check; the last line is "N passed, M failed"
	@tests/check $(O) $(CHECK_FULL)

verify: ## build this commit twice, in two folders, and compare the CD images byte for byte
	@tools/verify

clean: ## remove what was built (the cache outside the tree stays)
	rm -rf $(O)

help: ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## \(.*\)/  \1|\2/p' $(filter-out %/packages.installed %.d,$(MAKEFILE_LIST)) | \
		sort | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
