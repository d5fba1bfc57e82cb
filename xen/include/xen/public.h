/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest ABI, from libxen-dev (mounted as <public/...> by the build). */
#ifndef XEN_PUBLIC_H
#define XEN_PUBLIC_H

#include <xen/types.h>
#include <public/xen.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/physdev.h>
#include <public/platform.h>
#include <public/domctl.h>
#include <public/sysctl.h>
#include <public/version.h>
#include <public/callback.h>
#include <public/nmi.h>
#include <public/features.h>
#include <public/arch-x86/xen-mca.h>

#endif
