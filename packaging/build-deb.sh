#!/bin/bash
# Makes a Debian package of a built Syncline.
#
#   build-deb.sh [BINARY [OUTPUT-FOLDER]]    default: target/release/syncline, into target/debian
#
# Needs dpkg-deb and nothing else; no root. Prints the path of the package.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

die() {
  printf 'build-deb: %s\n' "$*" >&2
  exit 1
}

[ $# -le 2 ] || die "usage: build-deb.sh [BINARY [OUTPUT-FOLDER]]"
binary=${1:-$top/target/release/syncline}
output=${2:-$top/target/debian}
[ -f "$binary" ] || die "no program at $binary: run cargo build --release --locked first"

# The one version of the workspace, from [workspace.package].
version=$(awk '/^\[/ { inside = ($0 == "[workspace.package]") } inside && /^version *=/ { gsub(/[" ]/, ""); sub(/version=/, ""); print; exit }' "$top/Cargo.toml")
[ -n "$version" ] || die "no version in $top/Cargo.toml"
architecture=$(dpkg --print-architecture)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/syncline
documents=$tree/usr/share/doc/syncline

install -D -m 755 "$binary" "$tree/usr/bin/syncline"
install -D -m 644 "$top/packaging/syncline.desktop" "$tree/usr/share/applications/syncline.desktop"
install -D -m 644 "$top/packaging/syncline.svg" "$tree/usr/share/icons/hicolor/scalable/apps/syncline.svg"
install -D -m 644 "$top/packaging/debian/copyright" "$documents/copyright"
install -m 644 "$top/LICENSE-MIT" "$documents/LICENSE-MIT"
gzip -9n <"$top/CHANGELOG.md" >"$work/changelog.gz"
install -m 644 "$work/changelog.gz" "$documents/changelog.gz"
chmod 755 "$tree"

mkdir -p "$tree/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
  -e "s/@INSTALLED_SIZE@/$(du -sk --apparent-size "$tree" | cut -f1)/" \
  "$top/packaging/debian/control" >"$tree/DEBIAN/control"

mkdir -p "$output"
package=$output/syncline_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$tree" "$package" >/dev/null
printf '%s\n' "$package"
