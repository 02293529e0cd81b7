#!/bin/sh
# Run by Maven: installs and bundles only when something is newer than what is there.
set -eu
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  touch node_modules/.package-lock.json
fi
if [ ! -f assets/dist/version ] ||
  [ -n "$(find assets build.mjs package.json node_modules/.package-lock.json -path assets/dist -prune -o -newer assets/dist/version -print)" ]; then
  npm run --silent build
fi
