/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MODULE_H
#define SHIM_LINUX_MODULE_H

#define EXPORT_SYMBOL(name)		_Static_assert(1, #name)
#define EXPORT_SYMBOL_GPL(name)		_Static_assert(1, #name)
#define MODULE_LICENSE(text)		_Static_assert(1, text)
#define MODULE_DESCRIPTION(text)	_Static_assert(1, text)

#endif
