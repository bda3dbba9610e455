# shellcheck shell=bash
# The programs of the cluster: each is started by name inside the space, its process id and log are under the state folder.

# record NAME PID writes "PID START": the start time tells a process from a later one with the same number.
record() {
    local start
    start=$(start_of "$2")
    [[ -n $start ]] && printf '%s %s\n' "$2" "$start" >"$state/run/$1.pid"
}

# recorded NAME: the process id, if that process still lives.
recorded() {
    local pid start
    read -r pid start 2>/dev/null <"$state/run/$1.pid" || return 1
    [[ -n $start && $(start_of "$pid") == "$start" ]] && printf '%s\n' "$pid"
}

# When a process began, in ticks since boot: field 22 of its stat line, whose field 2 may hold blanks and brackets. Nothing
# for one that is gone or only waits to be reaped.
start_of() {
    local line
    line=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    line=${line##*) }
    [[ $line == Z* ]] || cut -d' ' -f20 <<<"$line"
}

log_of() { printf '%s/log/%s.log\n' "$state" "$1"; }

# Programs get a clean environment: a proxy or a KUBECONFIG of the caller is not for them.
start_part() {
    local name=$1 log space entering command=()
    ! recorded "$name" >/dev/null || return 0
    log=$(log_of "$name")
    space=$(space_pid)
    "command_of_$name"
    setsid env --ignore-environment "PATH=$PATH:/usr/sbin:/sbin" "HOME=$state/tmp" "TMPDIR=$state/tmp" \
        nsenter --target "$space" --mount --net --pid -- "${command[@]}" >>"$log" 2>&1 </dev/null 9>&- &
    entering=$!
    wait_for "the start of $name" "$log" started "$name" "$entering"
    recorded "$name" >/dev/null || fail "$name ended at once. Read $log (last lines below).
$(tail -n 5 "$log")"
}

# nsenter stays as the parent of the program: only a child can be in the new process namespace. True also when both are gone
# already.
started() {
    local child
    if child=$(pgrep -P "$2"); then
        record "$1" "$child"
    else
        gone "$2"
    fi
}

# kill_part NAME: at once, as a crash would.
kill_part() {
    local pid
    pid=$(recorded "$1") || { say "$1 does not run"; return 0; }
    kill -KILL "$pid"
    wait_for "the end of $1" "$(log_of "$1")" gone "$pid"
}

await_part() {
    local name=$1 log
    log=$(log_of "$name")
    wait_for "$name to be ready" "$log" answers_or_ended "$name"
    recorded "$name" >/dev/null || fail "$name ended. Read $log (last lines below).
$(tail -n 5 "$log")"
}

answers_or_ended() {
    ! recorded "$1" >/dev/null || "answers_$1"
}

gone() { [[ -z $(start_of "$1") ]]; }

# A wish from the command line, checked.
known_part() {
    local part
    for part in "${all_parts[@]}"; do
        [[ $1 != "$part" ]] || return 0
    done
    fail "There is no part \`$1\`. The parts: ${all_parts[*]}"
}
