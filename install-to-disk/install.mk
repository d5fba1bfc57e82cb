# SPDX-License-Identifier: GPL-2.0-only
#
# The installer's part in the CD: its programs go into the root (below $(ROOT_MADE)),
# the boot loaders that it puts on disks go to boot/install of the CD.

O ?= build
GRUB_LIB ?= /usr/lib/grub
ROOT_MADE := $(O)/rootfs/made
INSTALL_GRUB := $(O)/install/boot.img $(O)/install/core.img $(O)/install/grubx64.efi

# what a menu on a disk needs beside the CD's modules
INSTALL_MODULES = ext2 fat search_fs_uuid

$(O)/install/core.cfg: install-to-disk/grub-core.cfg
	@mkdir -p $(@D)
	sed '/^#/d' $< >$@

$(O)/install/boot.img: $(GRUB_LIB)/i386-pc/boot.img
	@mkdir -p $(@D)
	cp $< $@

$(O)/install/core.img: $(O)/install/core.cfg install-to-disk/install.mk iso/iso.mk
	grub-mkimage -O i386-pc -d $(GRUB_LIB)/i386-pc -p /xendemo -c $< -o $@ \
		$(GRUB_BIOS_MODULES) $(INSTALL_MODULES)

# it takes grub.cfg from its own partition
$(O)/install/grubx64.efi: install-to-disk/install.mk iso/iso.mk
	@mkdir -p $(@D)
	grub-mkimage -O x86_64-efi -d $(GRUB_LIB)/x86_64-efi -p /EFI/xendemo -o $@ \
		$(GRUB_EFI_MODULES) $(INSTALL_MODULES)

# the pages of man(1), ready to read: the CD has no formatter
MAN_PAGES := $(sort $(wildcard install-to-disk/*.[1-8] rootfs/man/*.[1-8]))

$(ROOT_MADE)/done: install-to-disk/install-to-disk $(wildcard install-to-disk/lib/*) $(MAN_PAGES) \
		install-to-disk/install.mk
	rm -rf $(ROOT_MADE)
	mkdir -p $(ROOT_MADE)/usr/sbin $(ROOT_MADE)/usr/lib/xendemo/install $(ROOT_MADE)/usr/share/man
	cp install-to-disk/install-to-disk $(ROOT_MADE)/usr/sbin/
	cp install-to-disk/lib/* $(ROOT_MADE)/usr/lib/xendemo/install/
	for page in $(MAN_PAGES); do \
		GROFF_NO_SGR=1 nroff -Tascii -man -rLL=78n -rHY=0 -dAD=l $$page | sed 's/.\x08//g' | cat -s \
			>$(ROOT_MADE)/usr/share/man/$${page##*/} || exit 1; \
	done
	touch $@
