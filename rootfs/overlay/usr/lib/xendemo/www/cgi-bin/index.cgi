#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The web guest's page.

. /usr/lib/xendemo/functions

cat <<END
Content-type: text/html; charset=utf-8

<!DOCTYPE html>
<html lang="en">
<head><title>$(hostname)</title></head>
<body>
<h1>This is guest $(hostname)</h1>
<p>A whole Linux of its own, on Xen $(xen_version); this page is BusyBox httpd's.</p>
<pre>
$(uptime)

$(free -m)
</pre>
</body>
</html>
END
