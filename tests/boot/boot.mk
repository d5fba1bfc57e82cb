# SPDX-License-Identifier: GPL-2.0-only
#
# Rung 3 of the tests: the CD, the tools and bad input, on whole machines.

O ?= build
XEN ?= $(O)/xen/xen
ISO ?= $(O)/xendemo.iso
INITRD ?= $(O)/initrd.img
KERNEL0 ?= $(O)/linux-xen/vmlinuz-xen0

# Debian's own kernel: downloaded with apt-get and unpacked here, never installed.
DEBIAN_KERNEL := $(O)/debian/vmlinuz
DEBIAN_XEN := $(O)/debian/xen-4.17.gz

$(O)/debian/vmlinuz $(O)/debian/xen-4.17.gz &: tests/boot/fetch-debian
	tests/boot/fetch-debian $(O)/debian

# TIME_FACTOR=3 gives slow machines three times the time
run-boot = tests/boot/run --iso $(ISO) --xen $(XEN) --kernel0 $(KERNEL0) --initrd $(INITRD) \
	--debian-kernel $(DEBIAN_KERNEL) --guest-tests $(O)/tests/guest --out $(O)/tests/boot \
	$(if $(ONLY),--only $(ONLY))
BOOT_NEEDS := $(ISO) $(XEN) $(INITRD) $(KERNEL0) $(DEBIAN_KERNEL) guest-tests

.PHONY: check-boot check-boot-full
check-boot: $(BOOT_NEEDS) ## the CD, the tools and bad input, on whole machines in QEMU (ONLY=names)
	@$(run-boot)

check-boot-full: $(BOOT_NEEDS) pxe $(DEVEL_ISO) ## the groups of them that are too long for check
	@$(run-boot) --full
