#!/bin/sh
# Installs the tarballs in a folder, those of a release, as a program of their own does, and loads them.
#
#   try-packages.sh FOLDER

set -eu
packages=$(cd "$1" && pwd)
program=$(mktemp -d)
trap 'rm -rf "$program"' EXIT
cd "$program"
npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$packages"/*.tgz
node --eval "require('wts-session').completeSession('', { apiKey: 'pn_1' }).catch(({ code }) => console.log(code))" |
  grep -qx empty_session_id
