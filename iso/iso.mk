# SPDX-License-Identifier: GPL-2.0-only
#
# The CD: one image that a PC's BIOS or UEFI boots from CD or from a USB stick.

O ?= build
ISO ?= $(O)/xendemo.iso
ISO_TREE := $(O)/iso
GRUB_LIB ?= /usr/lib/grub

# what the menu needs, and no more
GRUB_MODULES := configfile echo gzio iso9660 multiboot2 linux normal part_gpt part_msdos \
	reboot search search_fs_file serial terminal test ls cat help
GRUB_BIOS_MODULES := $(GRUB_MODULES) biosdisk halt vga_text vbe
GRUB_EFI_MODULES := $(GRUB_MODULES) efi_gop efi_uga fat halt

iso: $(ISO) ## the CD image (build/xendemo.iso)

# This early, before its own parser is loaded, GRUB takes comments for commands.
$(O)/grub/core.cfg: iso/grub-core.cfg $(DISC_ID) iso/iso.mk
	@mkdir -p $(@D)
	sed "/^#/d; s/@ID@/$$(sed -n 's/^cd //p' $(DISC_ID))/" iso/grub-core.cfg >$@

$(O)/grub/eltorito.img: $(O)/grub/core.cfg iso/iso.mk
	grub-mkimage -O i386-pc-eltorito -d $(GRUB_LIB)/i386-pc -p /boot/grub -c $< -o $@ $(GRUB_BIOS_MODULES)

$(O)/grub/bootx64.efi: $(O)/grub/core.cfg iso/iso.mk
	grub-mkimage -O x86_64-efi -d $(GRUB_LIB)/x86_64-efi -p /boot/grub -c $< -o $@ $(GRUB_EFI_MODULES)

# UEFI starts \EFI\BOOT\BOOTX64.EFI of this FAT image
$(O)/grub/efi.img: $(O)/grub/bootx64.efi
	rm -f $@
	touch -d @$(SOURCE_DATE_EPOCH) $<
	truncate -s $$(( ($$(stat -c %s $<) / 1024 + 128) * 1024 )) $@
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) mformat -i $@ -N 78656e64 -v XENDEMOEFI ::
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) mmd -i $@ ::/EFI ::/EFI/BOOT
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) mcopy -m -i $@ $< ::/EFI/BOOT/BOOTX64.EFI

# Any file of the source may have changed it; it is only replaced when it did.
$(O)/source.tar.xz: FORCE
	@mkdir -p $(@D)
	@tools/source-archive $@.tmp && { cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@; }

# The lists of what is on it, and the image: tree, image, and the packages of which the
# tree has more than those of the root.
define pack-iso
	tools/package-list $(1) $$(cat $$(cat $(O)/linux-xen/source-cache)/version) $(O)/rootfs/debs $(3) >$(2).spdx
	cp $(2).spdx $(1)/PACKAGES.spdx
	# all files but the one that xorriso writes into
	cd $(1) && find . -type f ! -name eltorito.img ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | \
		xargs sha256sum >SHA256SUMS
	chmod -R u=rwX,go=rX $(1)
	find $(1) -exec touch -d @$(SOURCE_DATE_EPOCH) {} +
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) xorriso -report_about WARNING -as mkisofs -o $(2).new \
		-r -J -V XENDEMO -publisher xendemo \
		-graft-points --sort-weight 0 / --sort-weight 1 /boot \
		-b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table \
		--grub2-boot-info --grub2-mbr $(GRUB_LIB)/i386-pc/boot_hybrid.img \
		--efi-boot boot/grub/efi.img -efi-boot-part --efi-boot-image --protective-msdos-label \
		$(1)
	mv $(2).new $(2)
	cd $(dir $(2)) && sha256sum $(notdir $(2)) >$(notdir $(2)).sha256
endef

$(ISO): iso/grub.cfg iso/iso.mk README.CD $(O)/grub/eltorito.img $(O)/grub/efi.img $(O)/source.tar.xz \
		$(XEN_GZ) $(KERNEL0) $(KERNELU) $(INITRD) $(ROOTFS) $(DISC_ID) $(INSTALL_GRUB) tools/package-list
	@echo "  ISO     $@"
	rm -rf $(ISO_TREE)
	mkdir -p $(ISO_TREE)/boot/grub $(ISO_TREE)/boot/install $(ISO_TREE)/live $(ISO_TREE)/source
	cp iso/grub.cfg $(O)/grub/eltorito.img $(O)/grub/efi.img $(ISO_TREE)/boot/grub/
	cp $(DISC_ID) $(ISO_TREE)/boot/grub/$$(sed -n 's/^cd //p' $(DISC_ID)).id
	cp $(DISC_ID) README.CD $(ISO_TREE)/
	cp $(XEN_GZ) $(ISO_TREE)/boot/xen.gz
	cp $(KERNEL0) $(ISO_TREE)/boot/vmlinuz-xen0
	cp $(KERNELU) $(ISO_TREE)/boot/vmlinuz-xenU
	cp $(INITRD) $(ISO_TREE)/boot/initrd.img
	cp $(INSTALL_GRUB) $(ISO_TREE)/boot/install/
	cp $(ROOTFS) $(ISO_TREE)/live/rootfs.squashfs
	cp $(O)/source.tar.xz $(ISO_TREE)/source/xendemo.tar.xz
	tools/revision >$(ISO_TREE)/source/REVISION
	$(call pack-iso,$(ISO_TREE),$@)

# ---- network boot ------------------------------------------------------------

PXE := $(O)/pxe
PXE_MODULES := tftp net

pxe: $(ISO) ## a folder to start machines from over the network (build/pxe)
	@echo "  PXE     $(PXE)"
	rm -rf $(PXE)
	mkdir -p $(PXE)/boot/grub
	grub-mkimage -O i386-pc-pxe -d $(GRUB_LIB)/i386-pc -p /boot/grub -o $(PXE)/xendemo.pxe \
		$(GRUB_BIOS_MODULES) $(PXE_MODULES) pxe
	grub-mkimage -O x86_64-efi -d $(GRUB_LIB)/x86_64-efi -p /boot/grub -o $(PXE)/xendemo.efi \
		$(GRUB_EFI_MODULES) $(PXE_MODULES) efinet
	cp $(addprefix $(ISO_TREE)/boot/,xen.gz vmlinuz-xen0) $(PXE)/boot/
	cp iso/grub.cfg $(PXE)/boot/grub/
	# the initrd brings the disc along, in its folder /cd
	rm -rf $(O)/pxe-cd
	mkdir -p $(O)/pxe-cd/cd
	cp -R $(addprefix $(ISO_TREE)/,boot live xendemo.id README.CD SHA256SUMS) $(O)/pxe-cd/cd/
	grep '  \(boot/\|live/\|xendemo.id\|README\)' $(ISO_TREE)/SHA256SUMS >$(O)/pxe-cd/cd/SHA256SUMS
	cp $(INITRD) $(PXE)/boot/initrd.img
	truncate -s %4 $(PXE)/boot/initrd.img
	cd $(O)/pxe-cd && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet >>$(abspath $(PXE))/boot/initrd.img
	rm -r $(O)/pxe-cd
	@echo "TFTP root: $(PXE); boot file xendemo.pxe for a BIOS, xendemo.efi for UEFI"

# ---- the other way round -----------------------------------------------------

TO ?= $(O)/unpacked
unpack-iso: ## the source that an image was built from (ISO=image, TO=folder, default build/unpacked)
	@test -e $(ISO) || { echo "unpack-iso: $(ISO) does not exist: name an image with ISO=" >&2; exit 1; }
	@mkdir -p $(TO)
	@xorriso -report_about WARNING -osirrox on -indev $(ISO) -extract /source/xendemo.tar.xz $(TO)/xendemo.tar.xz
	@tar -xJf $(TO)/xendemo.tar.xz -C $(TO) && chmod u+w $(TO)/xendemo.tar.xz && rm $(TO)/xendemo.tar.xz
	@echo "$(TO)/xendemo: revision $$(cut -d' ' -f1 $(TO)/xendemo/REVISION); make there builds the CD again"

.PHONY: iso pxe unpack-iso FORCE

# a half-written image is no image
.DELETE_ON_ERROR:
