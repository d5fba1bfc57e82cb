# SPDX-License-Identifier: GPL-2.0-only
#
# The decoders for compressed kernels: Linux's sources with our shim of its headers.
#
# in:   DECODERS        folder of the extracted Linux sources (lib/, include/); its file
#                       `id` changes when they do; the console's font is there too
#       XEN_O           folder of the hypervisor's objects: xen/a/b.c becomes $(XEN_O)/a/b.o
#       XEN_CFLAGS      flags for all of the hypervisor; ours are added for our objects only
# out:  xen-objs        our objects are added
#       decode-cflags   flags with which a source that includes Linux's compiles

decode-dir := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
decode-linux := gzip xz zstd
decode-linux-objs := $(decode-linux:%=$(XEN_O)/boot/decode/%.o)

# The linker's --gc-sections drops what single-call decoding doesn't use. Warnings about
# Linux's code are not ours to act upon.
decode-cflags = -ffunction-sections -fdata-sections -D__KERNEL__ \
	-I$(decode-dir)/shim -isystem $(DECODERS)/include -I$(DECODERS)/lib \
	-Wno-unused-function -Wno-unused-but-set-variable -Wno-missing-prototypes \
	-Wno-implicit-fallthrough -Wno-sign-compare -Wno-unused-parameter -Wno-cast-qual

xen-objs += $(XEN_O)/boot/decode/decode.o $(decode-linux-objs)

$(decode-linux-objs) $(XEN_O)/console/font.o: XEN_CFLAGS += $(decode-cflags)
$(decode-linux-objs) $(XEN_O)/console/font.o: $(DECODERS)/id $(decode-dir)/decode.mk
