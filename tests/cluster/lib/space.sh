# shellcheck shell=bash
# The space in which the whole cluster lives: a process, a mount and a network namespace of its own. When the first process
# of it is killed, the kernel kills all others, unmounts every mount and removes every interface and rule. So `down` is
# sure, even after a crash, and nothing of the machine is changed: no setting of the kernel, no rule, no file outside $state.

space_log=$state/log/space.log

# The machine's process id of the first process, if it lives.
space_pid() {
    local pid
    pid=$(recorded space) && printf '%s\n' "$pid"
}

inside() {
    nsenter --target "$(space_pid)" --mount --net --pid -- "$@"
}

start_space() {
    ! recorded space >/dev/null || return 0
    mkdir -p "$state"/{run,log,space/{lib,log,sys}}
    make_cgroups
    # The namespaces are made by unshare; the script in them mounts what must be apart and becomes `pause`.
    setsid unshare --mount --propagation private --net --pid --fork --kill-child -- \
        bash "$here/lib/space-first.sh" "$state" "$images_build/pause" "$state/run/space.new" \
        >"$space_log" 2>&1 </dev/null 9>&- &
    wait_for "the namespaces" "$space_log" test -s "$state/run/space.new"
    record space "$(<"$state/run/space.new")"
    connect_space
}

# Two clusters would want the same addresses and the same cgroup, so there is one; and the folder must be ours alone.
check_free() {
    ! ip link show "$host_interface" >/dev/null 2>&1 ||
        fail "The interface $host_interface is there already: another cluster runs, with another TUNEBOT_CLUSTER_DIR. End it first (tests/cluster/down)."
    case $(realpath -m "$state")/ in
        /run/* | /var/run/* | /var/lib/* | /var/log/*)
            fail "TUNEBOT_CLUSTER_DIR=$state cannot be: the cluster has its own /run, /var/lib and /var/log. Take a folder elsewhere, such as /var/tmp." ;;
    esac
    [[ ! -e $state || -z $(ls -A "$state") ]] ||
        fail "$state is there and is not a cluster's. Move it away, or set TUNEBOT_CLUSTER_DIR."
}

connect_space() {
    ip link add "$host_interface" type veth peer name "$node_interface" netns "$(space_pid)"
    ip address add "$host_address/30" dev "$host_interface"
    ip link set "$host_interface" up
    inside ip link set lo up
    inside ip address add "$node_address/30" dev "$node_interface"
    inside ip link set "$node_interface" up
    ip route add "$pods_and_services" via "$node_address" dev "$host_interface"
    # Pods find the API server under the address of the service `kubernetes`. The node simply has that address: the server
    # listens on the service's port, and no translation of addresses is needed.
    inside ip address add "$first_service/32" dev lo
}

stop_space() {
    local pid
    if pid=$(recorded space); then
        kill -KILL "$pid"
        wait_for "the end of process $pid" "$space_log" gone "$pid"
    fi
    # The kernel removes it with the namespace, but not at once.
    ip link delete "$host_interface" 2>/dev/null || true
}
