/** `pair.sh`: installs and activates a Linux VEN. Needs nothing on the host but sh, curl, tar and sha256sum. */

export interface PairScriptInput {
  readonly pceFqdn: string;
  readonly port: number;
  /** SHA-256 of the CA, 64 hex digits. */
  readonly caFingerprint: string;
  /** PEM of the CA that the PCE's certificate comes from. */
  readonly caPem: string;
  readonly profileId: number;
  readonly packageSha256: string;
  /** What the pairing profile says; `specified_during_activation` leaves it to `-endpoint`. */
  readonly venType: 'server' | 'endpoint' | 'specified_during_activation';
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,253}[A-Za-z0-9])?$/;
const DIGEST = /^[0-9a-f]{64}$/;
const PEM = /^(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?)+$/;

function checked(value: string, pattern: RegExp, what: string): string {
  if (pattern.test(value)) return value;
  throw new TypeError(`${what} cannot stand in a shell script: ${JSON.stringify(value)}`);
}

/** Throws TypeError when a value could mean anything else to a shell. */
export function renderPairScript(input: PairScriptInput): string {
  const host = checked(input.pceFqdn, HOST, 'the name of the PCE');
  const server = `${host.includes(':') ? `[${host}]` : host}:${Math.trunc(input.port)}`;
  const fingerprint = checked(input.caFingerprint.toLowerCase(), DIGEST, 'the CA fingerprint');
  const digest = checked(input.packageSha256.toLowerCase(), DIGEST, 'the digest of the package');
  const ca = checked(input.caPem.replaceAll('\r', ''), PEM, 'the CA certificate').trimEnd();
  return `#!/bin/sh
# Installs the VEN on this Linux host and pairs it with ${server}.
#   pair.sh [-management-server HOST:PORT] -activation-code CODE [-endpoint true]
#           [--role V] [--app V] [--env V] [--loc V] [--mode M] [--name N]
set -u
umask 077

server='${server}'
code=''
ca_fingerprint='${fingerprint}'
package_sha256='${digest}'
install=/opt/illumio_ven
data=/opt/illumio_ven_data
work=''
installed=''

clean_up() {
  if [ -n "$work" ]; then rm -rf "$work"; fi
  # the pairing line of the console puts this script there
  rm -rf "$data/tmp"
  rmdir "$data" 2>/dev/null || :
}
fail() {
  trap - EXIT INT TERM HUP
  if [ -n "$installed" ]; then
    # activated, but not running: the PCE is told that it is gone again
    if [ -e "$data/state/identity.json" ]; then "$install/illumio-ven-ctl" unpair saved >&2; fi
    rm -rf "$install" "$data"
  fi
  clean_up
  printf 'VEN pairing failed: %s\\n' "$1" >&2
  exit 1
}
trap clean_up EXIT
trap 'fail "interrupted"' INT TERM HUP

# What is not for this script is for illumio-ven-ctl activate: it goes to the end of the list, option by option.
left=$#
endpoint='${input.venType === 'endpoint' ? 'true' : ''}'
while [ "$left" -gt 0 ]; do
  option=$1
  shift
  left=$((left - 1))
  case $option in
    -management-server | --management-server | -m | -activation-code | --activation-code | -a)
      [ "$left" -gt 0 ] || fail "option $option needs a value"
      case $option in
        *m | *server) server=$1 ;;
        *) code=$1 ;;
      esac
      shift
      left=$((left - 1))
      ;;
    -endpoint | --endpoint)
      endpoint=true
      if [ "$left" -gt 0 ]; then
        case $1 in
          true | false)
            endpoint=$1
            shift
            left=$((left - 1))
            ;;
        esac
      fi
      ;;
    *)
      set -- "$@" "$option"
      ;;
  esac
done
[ -n "$code" ] || fail 'give the activation code of a pairing profile: -activation-code CODE'
case $server in
  *:*) ;;
  *) server=$server:${Math.trunc(input.port)} ;;
esac

[ "$(id -u)" = 0 ] || fail 'run this as root'
[ "$(uname -s)" = Linux ] || fail "this script is for Linux, this host runs $(uname -s)"
case $(uname -m) in
  x86_64 | amd64) arch=x64 ;;
  *) fail "there is no VEN for $(uname -m) on this PCE; x86_64 is supported" ;;
esac
for tool in curl tar sha256sum mktemp; do
  command -v "$tool" >/dev/null 2>&1 || fail "the program $tool is not installed"
done
for tool in nft ip conntrack; do
  PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null 2>&1 ||
    fail "the program $tool is not installed; the VEN needs nftables, iproute2 and conntrack"
done
[ ! -e "$data/state/identity.json" ] ||
  fail "a VEN is paired on this host already; \\"$install/illumio-ven-ctl unpair saved\\" takes it out first"

mkdir -p "$(dirname "$install")" || fail "$(dirname "$install") cannot be made"
work=$(mktemp -d "$(dirname "$install")/.illumio_ven.XXXXXX") || fail "$(dirname "$install") cannot be written to"
cat >"$work/ca.pem" <<'CERTIFICATE'
${ca}
CERTIFICATE

reason=$(curl --proto '=https' --tlsv1.2 --cacert "$work/ca.pem" --silent --show-error --fail \\
  --output "$work/ven.tar.gz" \\
  "https://$server/api/v18/software/ven/image?os=linux&arch=$arch&profile_id=${Math.trunc(input.profileId)}" 2>&1) ||
  fail "the VEN could not be downloaded from $server: $reason"
printf '%s  %s\\n' "$package_sha256" "$work/ven.tar.gz" | sha256sum -c - >/dev/null 2>&1 ||
  fail "the package from $server is not the expected one: its SHA-256 is not $package_sha256"
tar -xzf "$work/ven.tar.gz" -C "$work" || fail 'the package could not be unpacked: is the disk full?'
chmod 755 "$work/illumio_ven" || fail 'the package holds no VEN'

rm -rf "$install" || fail "$install cannot be replaced"
mv "$work/illumio_ven" "$install" || fail "the VEN could not be moved to $install"
installed=yes
if [ "$endpoint" = true ]; then set -- --endpoint "$@"; fi
"$install/illumio-ven-ctl" activate --management-server "$server" --activation-code "$code" \\
  --ca-file "$work/ca.pem" --ca-fingerprint "$ca_fingerprint" "$@" ||
  fail 'the VEN could not be activated, see above; nothing of it was left on this host'
printf 'VEN has been successfully paired with Illumio\\n'
`;
}
