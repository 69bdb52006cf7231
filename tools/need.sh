#!/bin/sh
# Makes sure that the system tools are there: `tools/need.sh build|check|test`.
#
# build  what `make serve` builds with. A missing tool is named, with the command that installs it.
# check, test  the same and what the checks and tests use. Missing ones are installed where that is
#        allowed (root, or sudo without a password); otherwise they are named, in one command. A
#        missing test tool does not stop the tests: those that need it are counted as skipped.
set -eu

python=${PYTHON:-python3}
missing=""
lacks() { ! command -v "$1" >/dev/null 2>&1; }
need() { # tool, Debian package
    if lacks "$1"; then missing="$missing $2"; fi
}

build_tools() {
    need "$python" python3
    need make make
    need cc gcc
    need cargo "cargo-web rustc-web"
    # python-ldap comes as source.
    for header in libldap-dev:ldap.h libsasl2-dev:sasl/sasl.h; do
        [ -e "/usr/include/${header#*:}" ] || missing="$missing ${header%%:*}"
    done
    if ! lacks "$python"; then
        "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    fi
}
check_tools() {
    need git git
    need cargo-clippy rust-web-clippy
    need rustfmt rustfmt-web
}
test_tools() {
    need sipp sip-tester
    need espeak-ng espeak-ng
    need chromium chromium
    need openssl openssl
    need curl curl
    need xgettext gettext
    [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
    [ -x /usr/sbin/slapd ] || missing="$missing slapd ldap-utils"
    need glewlwyd glewlwyd
    [ -x /usr/sbin/smbd ] || missing="$missing samba"
    [ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
    [ -n "$(ls /usr/lib/*/samba/vfs/acl_xattr.so 2>/dev/null)" ] || missing="$missing samba-vfs-modules"
    # Encoders of codecs that PyAV only decodes, and Opus with its redundancy.
    for library in libbcg729-0:libbcg729.so.0 libgsm1:libgsm.so.1 libspeex1:libspeex.so.1 \
        libvo-amrwbenc0:libvo-amrwbenc.so.0 libopus0:libopus.so.0; do
        [ -n "$(ls /usr/lib/*/"${library#*:}" 2>/dev/null)" ] || missing="$missing ${library%%:*}"
    done
    [ -n "$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null)" ] || missing="$missing postgresql"
}

may_install() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
install_missing() {
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    echo "Installing:$missing"
    # shellcheck disable=SC2086
    $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
named() {
    echo "Missing on this machine:$missing" >&2
    echo "On Debian 12 this installs it:  sudo apt install$missing" >&2
}

build_tools
if [ "$1" = build ] && [ -n "$missing" ]; then named; exit 1; fi
[ "$1" = build ] || check_tools
[ "$1" != test ] || test_tools
if [ -n "$missing" ]; then
    if command -v apt-get >/dev/null 2>&1 && may_install; then install_missing; else named; fi
fi

missing=""
build_tools
if [ -n "$missing" ]; then named; exit 1; fi

"$python" - <<'PY'
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Callvault needs Python 3.11 or later; {sys.executable} is {sys.version.split()[0]}. "
             "Set PYTHON=/path/to/python3.11 for make.")
PY
rust=$(rustc --version | sed 's/^rustc 1\.\([0-9]*\)\..*/\1/')
if [ "$rust" -lt 85 ]; then
    echo "Callvault needs Rust 1.85 or later; this is 1.$rust." >&2
    echo "On Debian 12 this installs it:  sudo apt install rustc-web cargo-web" >&2
    exit 1
fi
