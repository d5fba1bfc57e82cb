# SPDX-License-Identifier: GPL-2.0-only
#
# The CD's root file system: files of Debian packages (rootfs/packages,
# rootfs/files) under one overlay tree (rootfs/overlay), as a squashfs.
# The same one is the root of domain 0, of the bare machine and of the guests.

O ?= build
XENDEMO_CACHE ?= $(HOME)/.cache/xendemo
ROOTFS := $(O)/rootfs.squashfs
ROOTFS_TREE := $(O)/rootfs/root

# Measured on this root, size and time to unpack all of it: xz 3.42 MB, 0.19 s;
# zstd 3.76 MB, 0.02 s; lz4 4.76 MB. Small blocks keep the RAM of one read small.
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

$(ROOTFS_TREE)/etc/xendemo.id: $(O)/rootfs/debs rootfs/files rootfs/mkroot README.CD \
		$(ROOTFS_OVERLAY) $(O)/rootfs/made/done
	rootfs/mkroot $(O)/rootfs/debs rootfs/files rootfs/overlay $(O)/rootfs/made README.CD $(ROOTFS_TREE)

$(ROOTFS): $(ROOTFS_TREE)/etc/xendemo.id
	@echo "  ROOT    $@"
	rm -f $@.new
	$(call mksquashfs,$(ROOTFS_TREE),$@.new,$(SQUASHFS_FLAGS))
	mv $@.new $@

.PHONY: rootfs
