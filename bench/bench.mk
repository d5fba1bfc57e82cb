# SPDX-License-Identifier: GPL-2.0-only
#
# The comparison with Debian's Xen 4.17 (downloaded, unpacked, never installed) and bare
# Linux. FULL=y measures all, also what takes long. BENCH_ARGS, e.g.:
# BENCH_ARGS="--rounds 3 --only boot dom0-counts"

BENCH_TOOLS := $(O)/bench/tools
BENCH_IO_TOOLS := $(O)/bench/io-tools

$(BENCH_TOOLS): bench/tool-tree bench/packages rootfs/fetch-debs
	bench/tool-tree $@ bench/packages perf hackbench

$(BENCH_IO_TOOLS): bench/tool-tree bench/packages-io rootfs/fetch-debs
	bench/tool-tree $@ bench/packages-io fio iperf3

.PHONY: bench
bench: $(ISO) $(XEN) $(XEN_GZ) $(INITRD) $(KERNEL0) $(DEBIAN_XEN) $(BENCH_TOOLS) $(BENCH_IO_TOOLS) $(O)/tests/guest/perf.elf ## side by side with Debian's Xen and bare Linux: tables, and build/bench/result.json (FULL=y: all)
	@bench/run --xen $(XEN) --xen-gz $(XEN_GZ) --debian-xen $(DEBIAN_XEN) --kernel0 $(KERNEL0) \
		--initrd $(INITRD) --iso $(ISO) --perf-elf $(O)/tests/guest/perf.elf \
		--tools $(BENCH_TOOLS) --io-tools $(BENCH_IO_TOOLS) --out $(O)/bench --json $(O)/bench/result.json \
		$(if $(FULL),--full) $(BENCH_ARGS)
