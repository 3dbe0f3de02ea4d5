#!/bin/sh
# Meson's install step for the portal: the files have hashed names, so the old ones go first.
set -eu
from=$1
to=${DESTDIR:-}$2
rm -rf "$to"
mkdir -p "$to"
install -m 0644 "$from"/* "$to"/
