# SPDX-License-Identifier: GPL-2.0-only
#
# docs/options.md and the table of docs/locking.md are made from the code; the rest is written by hand.

.PHONY: docs
docs: ## docs/options.md, the list of boot options, and the table of locks, anew from the code
	@docs/make-options > docs/options.md.new && mv docs/options.md.new docs/options.md
	@docs/make-locks docs/locking.md > docs/locking.md.new && mv docs/locking.md.new docs/locking.md
