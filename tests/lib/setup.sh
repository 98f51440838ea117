#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh PACKAGE:PROBE... - installs what is missing; does nothing, and needs no rights, when nothing is.
#
# On Debian and its kin a package counts as there when dpkg says so or when its probe is found; what is missing is
# installed, without recommendations, and no server among it is started or enabled. Elsewhere the
# missing things are named by their probe, and the run stops.
set -eu

is_debian() {
	command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1
}

package_is_installed() {
	is_debian && [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

probe_is_there() {
	case $1 in
	-) ! is_debian ;;
	*.h) [ -n "$(find "/usr/include/$1" /usr/include/*-linux-gnu*/"$1" "/usr/local/include/$1" 2>/dev/null)" ] ;;
	*.so*) { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -q "[[:space:]]$1 " ;;
	*) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
	esac
}

# Prints the services that installed packages bring.
services() {
	# shellcheck disable=SC2046 # one word a package
	dpkg-query -L $(dpkg-query -W -f='${Package}\n') 2>/dev/null |
		sed -n 's|^\(/usr\)\{0,1\}/lib/systemd/system/\([^@/]*\.service\)$|\2|p' | sort -u
}

packages='' things=''
for need in "$@"; do
	if ! package_is_installed "${need%%:*}" && ! probe_is_there "${need#*:}"; then
		packages="$packages ${need%%:*}"
		things="$things ${need#*:}"
	fi
done
[ -n "$packages" ] || exit 0

if ! is_debian; then
	echo "seep: this machine lacks:$things; install what your distribution calls them and run make again." >&2
	exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "seep: these Debian packages are missing:$packages; install them as root and run make again." >&2
		exit 1
	fi
	as_root=sudo
fi

echo "seep: installing$packages" >&2
policy=/usr/sbin/policy-rc.d
policy_is_ours=
remove_policy() {
	if [ -n "$policy_is_ours" ]; then
		$as_root rm -f "$policy"
	fi
}
trap remove_policy EXIT
trap 'exit 130' INT TERM
if [ ! -e "$policy" ]; then
	policy_is_ours=yes
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi

services_before=$(services)
log=$(mktemp)
# shellcheck disable=SC2086 # one word a package
if ! { $as_root apt-get update -q &&
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages; } \
	>"$log" 2>&1; then
	tail -n 20 "$log" >&2
	rm -f "$log"
	echo "seep: apt-get could not install:$packages; see its message above." >&2
	exit 1
fi
rm -f "$log"

# The packages of servers enable themselves for the next boot.
for service in $(services); do
	if ! printf '%s\n' "$services_before" | grep -qxF "$service"; then
		if command -v systemctl >/dev/null 2>&1; then
			$as_root systemctl --no-reload disable "$service" >/dev/null 2>&1 || true
		fi
		if [ -e "/etc/init.d/${service%.service}" ]; then
			$as_root update-rc.d "${service%.service}" disable >/dev/null 2>&1 || true
		fi
	fi
done
