# SPDX-License-Identifier: GPL-2.0-only
#
# Rung 1 of the tests: the hypervisor's real .c files, compiled for the host with
# sanitizers and linked with cmocka. Each tests/unit/test_<topic>.c becomes one program.
# One of its first lines names the hypervisor's files to link with it:
#	/* SOURCES: xen/a/b.c xen/c/d.c */

O ?= build
DECODERS ?= $(O)/linux-xen/decoders

UT := tests/unit
UT_O := $(O)/tests/unit
UT_TESTS := $(patsubst $(UT)/%.c,%,$(wildcard $(UT)/test_*.c))
UT_BINS := $(UT_TESTS:%=$(UT_O)/%)
UT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
UT_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Wno-unused-parameter \
	-Wno-missing-field-initializers -fno-strict-aliasing \
	-fno-common $(UT_SANITIZE) -D_GNU_SOURCE -DUNIT_DATA='"$(UT_O)/data"' \
	-D__XEN_TOOLS__ -DXEN_DEBUG=0 \
	-I$(UT) -Ixen/include -I$(UT_O)/include -MMD -MP

# ut-sources name: the SOURCES of a test; ut-objs: their objects
ut-sources = $(shell sed -n '1,5s,^/\* SOURCES: \(.*\) \*/$$,\1,p' $(UT)/$(1).c)
ut-objs = $(patsubst %.c,$(UT_O)/%.o,$(UT)/$(1).c $(call ut-sources,$(1)))
UT_OBJS :=
define ut-program
$(1)-objs := $$(call ut-objs,$(1))
$(UT_O)/$(1): $$($(1)-objs)
UT_OBJS += $$($(1)-objs)
endef
$(foreach t,$(UT_TESTS),$(eval $(call ut-program,$(t))))
UT_OBJS := $(sort $(UT_OBJS) $(UT_O)/$(UT)/support.o)

$(UT_BINS): $(UT_O)/$(UT)/support.o
	$(CC) $(UT_SANITIZE) -o $@ $^ -lcmocka

# hypervisor code sees its own headers only, as in the real build
$(filter $(UT_O)/xen/%,$(UT_OBJS)): $(UT_O)/xen/%.o: xen/%.c $(UT)/unit.mk | $(UT_O)/include/public
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(CC) $(UT_CFLAGS) -ffreestanding -include $(UT)/rename.h $(UT_EXTRA) -c -o $@ $<

$(filter $(UT_O)/$(UT)/test_%,$(UT_OBJS)): $(UT_O)/%.o: %.c $(UT)/unit.mk | $(UT_O)/include/public
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(CC) $(UT_CFLAGS) -include $(UT)/host.h -c -o $@ $<

$(UT_O)/$(UT)/support.o: $(UT)/support.c $(UT)/unit.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(CC) $(UT_CFLAGS) -c -o $@ $<

$(UT_O)/include/public:
	@mkdir -p $(@D)
	ln -sfn /usr/include/xen $@

# Linux's decoders: flags of xen/boot/decode/decode.mk, and no checks for undefined behaviour that isn't ours
ut-decoders := $(filter $(patsubst %,$(UT_O)/xen/boot/decode/%.o,gzip xz zstd),$(UT_OBJS))
$(ut-decoders): UT_EXTRA = $(decode-cflags) -O1 -fno-sanitize=undefined
$(ut-decoders): $(DECODERS)/id

# compressed samples for the decoder tests
$(UT_O)/data/done: $(UT)/make-data
	$(UT)/make-data $(@D) && touch $@

.PHONY: unit-tests check-unit
unit-tests: $(UT_BINS) $(UT_O)/data/done


check-unit: unit-tests ## the unit tests of the hypervisor's code, on the host
	@$(UT)/run $(UT_BINS)

-include $(UT_OBJS:.o=.d)
