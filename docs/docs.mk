# SPDX-License-Identifier: GPL-2.0-only
#
# docs/options.md is made from the code; the other pages are written by hand.

.PHONY: docs
docs: ## docs/options.md, the list of boot options, anew from the code
	@docs/make-options > docs/options.md.new && mv docs/options.md.new docs/options.md
