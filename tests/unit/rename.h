/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before every file of the hypervisor that is compiled for a unit test: gives the names
 * of xen/lib.h that libc has too a prefix, so that both can be in one program. The
 * functions themselves come from the hypervisor's own sources if the test names them,
 * and from support.c otherwise.
 */
#define memcpy		hv_memcpy
#define memmove		hv_memmove
#define memset		hv_memset
#define memcmp		hv_memcmp
#define strlen		hv_strlen
#define strnlen		hv_strnlen
#define strcmp		hv_strcmp
#define strncmp		hv_strncmp
#define strchr		hv_strchr
#define strstr		hv_strstr
#define strlcpy		hv_strlcpy
#define strtoull	hv_strtoull
#define vsnprintf	hv_vsnprintf
#define snprintf	hv_snprintf
