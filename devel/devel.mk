# SPDX-License-Identifier: GPL-2.0-only
#
# The devel CD: xendemo.iso with a Debian in live/devel.squashfs that has all which
# the build of xendemo.iso needs, offline. `devel` on the CD enters it.

DEVEL_ISO := $(O)/xendemo-devel.iso
DEVEL_ISO_TREE := $(O)/iso-devel
DEVEL_ROOTFS := $(O)/devel.squashfs
DEVEL_TREE := $(O)/devel/root

$(O)/devel/debs: packages.txt devel/packages devel/fetch rootfs/fetch-debs
	@mkdir -p $(@D)
	@echo "  FETCH   packages of the devel CD, to $(XENDEMO_CACHE)/devel"
	devel/fetch $(XENDEMO_CACHE)/devel packages.txt devel/packages >$@.new
	mv $@.new $@

$(DEVEL_ROOTFS): $(O)/devel/debs $(O)/rootfs/debs $(KERNEL0) $(KERNELU) devel/mkdevel devel/devel.mk
	@echo "  ROOT    $@"
	devel/mkdevel $(O)/devel/debs $(O)/rootfs/debs $(O)/linux-xen $(DEVEL_TREE)
	rm -f $@.new
	$(call mksquashfs,$(DEVEL_TREE),$@.new,$(SQUASHFS_FLAGS))
	mv $@.new $@
	rm -rf $(DEVEL_TREE)

$(DEVEL_ISO): $(ISO) $(DEVEL_ROOTFS) tools/package-list
	@echo "  ISO     $@"
	rm -rf $(DEVEL_ISO_TREE)
	cp -R $(ISO_TREE) $(DEVEL_ISO_TREE)
	rm $(DEVEL_ISO_TREE)/PACKAGES.spdx $(DEVEL_ISO_TREE)/SHA256SUMS
	cp $(DEVEL_ROOTFS) $(DEVEL_ISO_TREE)/live/
	$(call pack-iso,$(DEVEL_ISO_TREE),$@,$(O)/devel/debs)
	rm -rf $(DEVEL_ISO_TREE)

.PHONY: iso-devel
iso-devel: $(DEVEL_ISO) ## the CD with a compiler and all that rebuilds it offline (build/xendemo-devel.iso)
