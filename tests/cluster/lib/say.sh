# shellcheck shell=bash
# What people read, and waiting. Messages go to standard error: standard output is for the caller's variables.

say() { printf 'cluster: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

# phase NAME COMMAND...: runs the command and says how long it took.
phase() {
    local name=$1 began=$EPOCHREALTIME
    shift
    "$@"
    local took=$((${EPOCHREALTIME/[.,]/} - ${began/[.,]/}))
    say "$(printf '%-34s %4d.%01d s' "$name" $((took / 1000000)) $((took / 100000 % 10)))"
}

# wait_for WHAT LOG COMMAND...: polls until the command succeeds; WHAT and LOG are for the message when it never does.
wait_for() {
    local what=$1 log=$2 deadline=$((SECONDS + patience))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            fail "$what: not within $patience s. Read $log (last lines below).
$(tail -n 5 "$log" 2>/dev/null)"
        fi
        sleep 0.1
    done
}

# One `up`, `down`, `kill`, `start` at a time: tests that run at once may all call `up`. The lock goes with this process;
# what is started to stay closes descriptor 9.
lock() {
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
}
