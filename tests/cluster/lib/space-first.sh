#!/usr/bin/env bash
# The first process of the cluster's namespaces: mounts what the cluster must have apart from the machine, tells its process
# id as the machine sees it, and becomes `pause`. Called by lib/space.sh as STATE PAUSE PIDFILE.
set -euo pipefail
state=$1 pause=$2 pidfile=$3

# Still the machine's /proc, so this is the number that the machine knows.
read -r pid _ </proc/self/stat

# Changes stay here, but pods may see the kubelet's mounts.
mount --make-rshared /
mount -t proc proc /proc

# Programs insist on these paths; they get empty ones.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns
mount --bind "$state/space/lib" /var/lib
mount --bind "$state/space/log" /var/log

# The kubelet sets these for the whole machine, unless they already are what it wants. So here they seem to be.
pretend() {
    local file=$state/space/sys/${1//\//.}
    printf '%s\n' "$2" >"$file"
    mount --bind "$file" "/proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
pretend kernel/keys/root_maxkeys 1000000
pretend kernel/keys/root_maxbytes 25000000

printf '%s\n' "$pid" >"$pidfile"
exec "$pause"
