# SPDX-License-Identifier: GPL-2.0-only
# xendemo: `make help` lists the targets, from the ## comments beside them.

O	?= build
SHELL	:= /bin/bash
.DEFAULT_GOAL := all

include xen/xen.mk

.PHONY: all help clean
all: xen ## Everything: hypervisor, kernels, root, initrd, CD image
