#!/bin/sh
# Makes a certificate for an edge, relay or platform, and the authority that signs it when there is none yet.
#
#   make-certificate.sh DIRECTORY NAME [OTHER-NAME-OR-ADDRESS ...]
#
# DIRECTORY/ca.pem is what agents, edges and relays trust (VEDETTE_CA_FILE, --ca-file); keep DIRECTORY/ca.key where nobody reaches it.
# DIRECTORY/NAME.pem and NAME.key are for the host called NAME; an address such as 192.0.2.7 is taken for one.
set -eu

if [ $# -lt 2 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
directory=$1
name=$2
shift
case $name in */* | -* | .*) echo "make-certificate: $name cannot be the name of a file" >&2; exit 2 ;; esac

umask 077
mkdir -p "$directory"
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null ||
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

if [ ! -e "$directory/ca.key" ]; then
  key "$directory/ca.key"
  openssl req -x509 -new -key "$directory/ca.key" -out "$directory/ca.pem" -days 3650 -subj "/CN=Vedette CA" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
  chmod 644 "$directory/ca.pem"
fi

names=
for other in "$@"; do
  case $other in
    *:* | [0-9]*.[0-9]*.[0-9]*.[0-9]*) kind=IP ;;
    *) kind=DNS ;;
  esac
  names="${names:+$names,}$kind:$other"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
key "$directory/$name.key"
openssl req -new -key "$directory/$name.key" -out "$work/csr" -subj "/CN=$name"
printf '%s\n' "subjectAltName=$names" "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
  "extendedKeyUsage=serverAuth" >"$work/extensions"
openssl x509 -req -in "$work/csr" -CA "$directory/ca.pem" -CAkey "$directory/ca.key" -CAcreateserial -days 397 \
  -extfile "$work/extensions" -out "$directory/$name.pem" 2>/dev/null
chmod 644 "$directory/$name.pem"
echo "$directory/$name.pem"
