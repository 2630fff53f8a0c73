#!/bin/sh
# Installs the Vedette agent of the platform that this script came from, enrolls it and starts it. As root:
#   curl -fsSL @PLATFORM@/install.sh | VEDETTE_ACTIVATION_KEY=... sh
# VEDETTE_CA_FILE: a PEM file when the platform's certificate is of your own authority. VEDETTE_HOSTNAME: another name for this machine.
set -eu
platform=${VEDETTE_PLATFORM:-'@PLATFORM@'}
packages='@PACKAGES@'
# Of the root of signed releases: what the agent may become is decided by whoever is trusted now, and by nobody later.
root='@ROOT@'

fail() {
  echo "vedette: $1" >&2
  exit "${2:-1}"
}
[ "$(id -u)" -eq 0 ] || fail "installing needs root: pipe into \"sudo VEDETTE_ACTIVATION_KEY=... sh\"" 77
[ "$(uname -s)" = Linux ] || fail "this script is for Linux, not $(uname -s)"
machine=$(uname -m)
lib=/usr/lib/vedette-agent
state=/var/lib/vedette-agent
if [ ! -e "$state/identity.json" ] && [ -z "${VEDETTE_ACTIVATION_KEY-}" ]; then
  fail "set VEDETTE_ACTIVATION_KEY; make a key in the console under Agents" 78
fi

if command -v dpkg >/dev/null && command -v dpkg-query >/dev/null && [ -e /var/lib/dpkg/status ]; then
  format=deb
elif command -v rpm >/dev/null && rpm -q glibc >/dev/null 2>&1; then
  format=rpm
else
  format=tar
fi
entry=$(echo "$packages" | grep "^$format $machine ") || fail "$platform offers no $format package for $machine; build one with: npm run package"
name=$(echo "$entry" | cut -d' ' -f3)
sha256=$(echo "$entry" | cut -d' ' -f4)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# Fetches PATH of the platform into FILE, whose SHA-256 must be the third.
fetch() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 ${VEDETTE_CA_FILE:+--cacert "$VEDETTE_CA_FILE"} -o "$2" "$platform$1" || fail "fetching $platform$1 failed"
  elif command -v wget >/dev/null; then
    wget -q ${VEDETTE_CA_FILE:+"--ca-certificate=$VEDETTE_CA_FILE"} -O "$2" "$platform$1" || fail "fetching $platform$1 failed"
  else
    fail "neither curl nor wget is here"
  fi
  found=$(sha256sum "$2" | cut -d' ' -f1)
  [ "$found" = "$3" ] || fail "$(basename "$2") is damaged: its SHA-256 is $found, not $3; nothing was installed"
}
echo "vedette: fetching $name"
fetch "/install/$name" "$work/$name" "$sha256"
if [ -n "$root" ]; then
  fetch "/tuf/${root%% *}.root.json" "$work/root.json" "${root#* }"
  export VEDETTE_ROOT_FILE="$work/root.json"
fi

export VEDETTE_PLATFORM="$platform"
chmod 755 "$work" && chmod 644 "$work/$name"
echo "vedette: installing $name"
case $format in
  deb)
    if command -v apt-get >/dev/null; then
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --allow-downgrades "$work/$name" >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        fail "apt-get could not install $name"
      }
    else
      dpkg -i "$work/$name" || fail "dpkg could not install $name"
    fi
    ;;
  rpm)
    if command -v dnf >/dev/null; then
      dnf install -y -q "$work/$name"
    elif command -v yum >/dev/null; then
      yum install -y -q "$work/$name"
    elif command -v zypper >/dev/null; then
      zypper --non-interactive --no-gpg-checks install "$work/$name"
    else
      rpm -U --oldpackage --replacepkgs "$work/$name"
    fi || fail "$name could not be installed"
    ;;
  tar)
    tar -xzf "$work/$name" -C "$work"
    "$work/${name%.tar.gz}/install.sh"
    ;;
esac
# A package manager may have kept our settings from the package's own scripts.
"$lib/configure" || fail "the settings could not be written"
if [ -d /run/systemd/system ]; then
  systemctl restart vedette-agent.service
else
  "$lib/supervise" restart
fi

tries=0
until [ -e "$state/identity.json" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 60 ]; then
    tail -n 5 /var/log/vedette-agent.log >&2 2>/dev/null || journalctl -n 5 -u vedette-agent >&2 2>/dev/null || :
    fail "the agent is installed but has not enrolled within a minute; see: vedette-agent status"
  fi
  sleep 1
done
vedette-agent status
echo "vedette: the first findings are at $platform within half a minute"
