#!/bin/sh
# Takes away what install.sh put in place; with --purge also key, identity, settings and log.
set -eu
if [ "$(id -u)" -ne 0 ]; then
  echo "uninstall.sh: run it as root" >&2
  exit 77
fi
lib=/usr/lib/vedette-agent
if [ -d /run/systemd/system ]; then
  systemctl disable --now vedette-agent.service >/dev/null 2>&1 || :
  rm -f /etc/systemd/system/vedette-agent.service
  systemctl daemon-reload
fi
[ ! -x "$lib/supervise" ] || "$lib/supervise" stop
# Versions that the agent has fetched are programs, not settings.
rm -rf "$lib" /usr/sbin/vedette-agent /var/lib/vedette-agent/upgrade
if [ "${1-}" = --purge ]; then
  rm -rf /var/lib/vedette-agent /etc/vedette-agent
  rm -f /var/log/vedette-agent.log /var/log/vedette-agent.log.1
fi
