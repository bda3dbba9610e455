# shellcheck shell=bash
# Programs that the machine must have: from its packages, as root on Debian and its kin; else we say what is missing.

# program:package
needed_programs=(
    containerd:containerd runc:runc ip:iproute2
    nsenter:util-linux unshare:util-linux flock:util-linux mount:mount openssl:openssl curl:curl pgrep:procps
)
cni_folder=/usr/lib/cni

require_root() {
    ((EUID == 0)) || fail "This makes network namespaces, mounts and cgroups: run it as root. On a cluster of your own the tests
  need no root: set KUBECONFIG (docs/cluster.md)."
}

require_tools() {
    local entry missing=() packages=()
    for entry in "${needed_programs[@]}"; do
        command -v "${entry%%:*}" >/dev/null || { missing+=("${entry%%:*}"); packages+=("${entry#*:}"); }
    done
    [[ -x $cni_folder/bridge ]] || { missing+=("$cni_folder/bridge"); packages+=(containernetworking-plugins); }
    if ((${#missing[@]})); then
        install_packages "${missing[*]}" "${packages[@]}"
    fi
    command -v go >/dev/null || fail "Go is missing. Install Go 1.24.10 or newer: https://go.dev/doc/install"
}

install_packages() {
    local lacking=$1
    shift
    command -v apt-get >/dev/null || fail "Missing: $lacking. Debian's packages that have them: $*. Install what your system calls them."
    say "installing $*"
    mkdir -p "$cache"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >"$cache/apt.log" 2>&1 </dev/null || fail "apt-get could not install: $*. Read $cache/apt.log"
}
