#!/bin/sh
# Run by Maven: installs llama.cpp's libraries only when the lock file is newer than what is there.
set -eu
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  touch node_modules/.package-lock.json
fi
