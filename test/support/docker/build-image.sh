#!/bin/bash
# Builds a small PostgreSQL image from Debian's own packages, for machines that reach a Debian mirror but no image registry.
#
#   test/support/docker/build-image.sh IMAGE [SUITE]      as root; needs docker and debootstrap
#   ORG_MOVER_TEST_PG=docker ORG_MOVER_TEST_PG_IMAGE=IMAGE npm test
#
# SUITE decides the major version: bookworm has 15 (default), trixie 17. DEBIAN_MIRROR names another mirror. Where the reaper
# image of testcontainers cannot be pulled either, set TESTCONTAINERS_RYUK_DISABLED=true.
set -euo pipefail

image=${1:?usage: build-image.sh IMAGE [SUITE]}
suite=${2:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase "$suite" "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
# no server is to be made, nor started, at installation
mkdir -p "$root/etc/postgresql-common"
echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y --no-install-recommends postgresql
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/*
install -m 0755 "$here/entrypoint.sh" "$root/usr/local/bin/entrypoint.sh"
bin=$(cd "$root" && echo usr/lib/postgresql/*/bin)

tar -C "$root" -c . | docker import \
  -c "ENV PATH=/$bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
  -c 'ENV PGDATA=/var/lib/postgresql/data' \
  -c 'ENV LANG=C.UTF-8' \
  -c 'VOLUME /var/lib/postgresql/data' \
  -c 'EXPOSE 5432' \
  -c 'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]' \
  -c 'CMD ["postgres"]' \
  - "$image"
