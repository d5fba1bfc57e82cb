# SPDX-License-Identifier: GPL-2.0-only
#
# The CD's root file system: files of Debian packages (rootfs/packages,
# rootfs/files) under one overlay tree (rootfs/overlay), as a squashfs.
# The same one is the root of domain 0, of the bare machine and of the guests.

O ?= build
XENDEMO_CACHE ?= $(HOME)/.cache/xendemo
KERNELU ?= $(O)/linux-xen/vmlinuz-xenU
ROOTFS := $(O)/rootfs.squashfs
ROOTFS_TREE := $(O)/rootfs/root

# Measured on this root of 17 MB, without the guests' kernel: its size as a squashfs, and how
# many instructions Linux takes to read all of it (QEMU's -icount); the boot to the login reads
# about half.
#
#              zstd, level 19                             gzip        xz, -Xbcj x86
#   blocks     32K      64K      128K     256K     1M     128K       128K     1M
#   MB         6.96     6.79     6.57     6.44     6.21   7.18       5.87     5.53
#   billions   0.37     0.35     0.37     0.36     0.42   0.48       2.38     2.17
#
# xz would make the CD of 19 MB 4 % smaller, and reading it six times the work; beyond 128K
# blocks gain 2 %, and a read of one byte takes more RAM. Levels above 19 change nothing.
SQUASHFS_FLAGS ?= -comp zstd -Xcompression-level 19 -b 128K

# tree, image, flags
define mksquashfs
env -u SOURCE_DATE_EPOCH mksquashfs $(1) $(2) $(3) -all-root -no-xattrs -no-exports \
		-mkfs-time $(SOURCE_DATE_EPOCH) -all-time $(SOURCE_DATE_EPOCH) -quiet -no-progress
endef

rootfs: $(ROOTFS) ## the CD's root file system (build/rootfs.squashfs)

ROOTFS_OVERLAY := $(shell find rootfs/overlay -type f -o -type d)

$(O)/rootfs/debs: rootfs/packages rootfs/fetch-debs
	@mkdir -p $(@D)
	@echo "  FETCH   packages of the root, to $(XENDEMO_CACHE)/debs"
	rootfs/fetch-debs rootfs/packages $(XENDEMO_CACHE)/debs >$@.new
	mv $@.new $@

# Unpacking the guests' kernel is a quarter of what xl does to create a guest: here it is done already.
$(O)/rootfs/vmlinux-xenU: $(KERNELU)
	@mkdir -p $(@D)
	objcopy -S -R .comment $(O)/linux-xen/vmlinux-xenU $@

$(ROOTFS_TREE)/etc/xendemo.id: $(O)/rootfs/debs rootfs/files rootfs/mkroot README.CD \
		$(ROOTFS_OVERLAY) $(O)/rootfs/made/done $(O)/rootfs/vmlinux-xenU
	rootfs/mkroot $(O)/rootfs/debs rootfs/files rootfs/overlay $(O)/rootfs/made \
		$(O)/rootfs/vmlinux-xenU README.CD $(ROOTFS_TREE)

$(ROOTFS): $(ROOTFS_TREE)/etc/xendemo.id
	@echo "  ROOT    $@"
	rm -f $@.new
	$(call mksquashfs,$(ROOTFS_TREE),$@.new,$(SQUASHFS_FLAGS))
	mv $@.new $@

.PHONY: rootfs
