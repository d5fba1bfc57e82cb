# SPDX-License-Identifier: GPL-2.0-only
#
# The comparison with Debian's Xen 4.17 (downloaded, unpacked, never installed) and
# bare Linux. BENCH_ARGS, e.g.: BENCH_ARGS="--rounds 3 --only boot counts"

.PHONY: bench
bench: $(ISO) $(XEN) $(XEN_GZ) $(INITRD) $(KERNEL0) $(DEBIAN_XEN) $(O)/tests/guest/perf.elf ## side by side with Debian's Xen and bare Linux: a table, and build/bench/result.json
	@bench/run --xen $(XEN) --xen-gz $(XEN_GZ) --debian-xen $(DEBIAN_XEN) --kernel0 $(KERNEL0) \
		--initrd $(INITRD) --iso $(ISO) --perf-elf $(O)/tests/guest/perf.elf --out $(O)/bench \
		--json $(O)/bench/result.json $(BENCH_ARGS)
