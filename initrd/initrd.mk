# SPDX-License-Identifier: GPL-2.0-only
#
# The initrd: BusyBox, linuxrc and the id of the disc that it belongs to.

O ?= build
XEN_GZ ?= $(O)/xen/xen.gz
KERNEL0 ?= $(O)/linux-xen/vmlinuz-xen0
KERNELU ?= $(O)/linux-xen/vmlinuz-xenU
INITRD := $(O)/initrd.img
DISC_ID := $(O)/xendemo.id

initrd: $(INITRD) ## the initrd that finds the CD (build/initrd.img)

# The marker: what the disc holds has this hash, and its root that one.
$(DISC_ID): $(XEN_GZ) $(KERNEL0) $(KERNELU) $(ROOTFS_TREE)/etc/xendemo.id
	@mkdir -p $(@D)
	{ echo "cd $$(cat $^ | sha256sum | cut -c1-32)"; \
	  echo "root $$(cat $(ROOTFS_TREE)/etc/xendemo.id)"; } >$@.new
	mv $@.new $@

$(INITRD): initrd/linuxrc $(DISC_ID) $(ROOTFS_TREE)/etc/xendemo.id
	@echo "  INITRD  $@"
	rm -rf $(O)/initrd
	mkdir -p $(O)/initrd/bin $(O)/initrd/sbin $(O)/initrd/dev
	cp $(ROOTFS_TREE)/usr/bin/busybox $(O)/initrd/bin/
	ln -s busybox $(O)/initrd/bin/sh
	cp initrd/linuxrc $(O)/initrd/linuxrc
	ln -s linuxrc $(O)/initrd/init
	ln -s ../linuxrc $(O)/initrd/sbin/poweroff
	ln -s ../linuxrc $(O)/initrd/sbin/reboot
	cp $(DISC_ID) $(O)/initrd/xendemo.id
	chmod -R u=rwX,go=rX $(O)/initrd
	find $(O)/initrd -exec touch -h -d @$(SOURCE_DATE_EPOCH) {} +
	cd $(O)/initrd && find . | LC_ALL=C sort | \
		cpio -o -H newc -R 0:0 --reproducible --quiet >../initrd.cpio
	zstd -q -19 -f $(O)/initrd.cpio -o $@
	rm $(O)/initrd.cpio

.PHONY: initrd
