# SPDX-License-Identifier: GPL-2.0-only
#
# The CD: one image that a PC's BIOS or UEFI boots from CD or from a USB stick.

O ?= build
ISO := $(O)/xendemo.iso
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

$(ISO): iso/grub.cfg iso/iso.mk README.CD $(O)/grub/eltorito.img $(O)/grub/efi.img \
		$(XEN_GZ) $(KERNEL0) $(KERNELU) $(INITRD) $(ROOTFS) $(DISC_ID)
	rm -rf $(ISO_TREE)
	mkdir -p $(ISO_TREE)/boot/grub $(ISO_TREE)/live
	cp iso/grub.cfg $(O)/grub/eltorito.img $(O)/grub/efi.img $(ISO_TREE)/boot/grub/
	cp $(DISC_ID) $(ISO_TREE)/boot/grub/$$(sed -n 's/^cd //p' $(DISC_ID)).id
	cp $(DISC_ID) README.CD $(ISO_TREE)/
	cp $(XEN_GZ) $(ISO_TREE)/boot/xen.gz
	cp $(KERNEL0) $(ISO_TREE)/boot/vmlinuz-xen0
	cp $(KERNELU) $(ISO_TREE)/boot/vmlinuz-xenU
	cp $(INITRD) $(ISO_TREE)/boot/initrd.img
	cp $(ROOTFS) $(ISO_TREE)/live/rootfs.squashfs
	find $(ISO_TREE) -exec touch -d @$(SOURCE_DATE_EPOCH) {} +
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) xorriso -report_about WARNING -as mkisofs -o $@.new \
		-r -J -V XENDEMO -publisher xendemo \
		-graft-points --sort-weight 0 / --sort-weight 1 /boot \
		-b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table \
		--grub2-boot-info --grub2-mbr $(GRUB_LIB)/i386-pc/boot_hybrid.img \
		--efi-boot boot/grub/efi.img -efi-boot-part --efi-boot-image --protective-msdos-label \
		$(ISO_TREE)
	mv $@.new $@

.PHONY: iso

# a half-written image is no image
.DELETE_ON_ERROR:
