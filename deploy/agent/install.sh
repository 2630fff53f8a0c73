#!/bin/sh
# Puts the agent of this folder in place: for machines without dpkg and rpm. Run it as root, with VEDETTE_PLATFORM and
# VEDETTE_ACTIVATION_KEY in the environment to enroll at once. Again: an upgrade that keeps settings and state.
set -eu
here=$(dirname "$(readlink -f "$0")")
if [ "$(id -u)" -ne 0 ]; then
  echo "install.sh: run it as root" >&2
  exit 77
fi
lib=/usr/lib/vedette-agent
mkdir -p "$lib" /usr/sbin
for name in node agent.mjs release supervise configure agent.conf; do
  # The running agent keeps the file it has open; nothing ever sees half of the new one.
  cp -p "$here/usr/lib/vedette-agent/$name" "$lib/$name.new"
  chown 0:0 "$lib/$name.new"
  mv -f "$lib/$name.new" "$lib/$name"
done
cp -p "$here/uninstall.sh" "$lib/uninstall.sh"
rm -f "$lib/root.json"
[ ! -e "$here/usr/lib/vedette-agent/root.json" ] || cp -p "$here/usr/lib/vedette-agent/root.json" "$lib/root.json"
cp -p "$here/usr/sbin/vedette-agent" /usr/sbin/vedette-agent.new
chown 0:0 /usr/sbin/vedette-agent.new "$lib/uninstall.sh"
mv -f /usr/sbin/vedette-agent.new /usr/sbin/vedette-agent
if ! version=$(vedette-agent version 2>&1); then
  echo "install.sh: the agent does not start here: $version" >&2
  exit 1
fi
ready=yes
"$lib/configure" || { [ $? -eq 3 ] && ready=no; }
if [ -d /run/systemd/system ]; then
  cp "$here/usr/lib/systemd/system/vedette-agent.service" /etc/systemd/system/vedette-agent.service
  systemctl daemon-reload
  systemctl enable vedette-agent.service >/dev/null 2>&1
fi
if [ "$ready" = no ]; then
  echo "vedette-agent $version is installed, but told no platform: put VEDETTE_PLATFORM and VEDETTE_ACTIVATION_KEY into"
  echo "/etc/vedette-agent/agent.conf, then start it: systemctl start vedette-agent, or $lib/supervise start"
elif [ -d /run/systemd/system ]; then
  systemctl restart vedette-agent.service
  echo "vedette-agent $version is installed and started"
else
  "$lib/supervise" restart
  echo "vedette-agent $version is installed and started; let the system run \"$lib/supervise start\" when it boots"
fi
