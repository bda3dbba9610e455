# shellcheck shell=bash
# The cgroup that holds all pods: one folder per controller with cgroup v1 (and one in the empty v2 tree that runc fills too,
# where a system has that beside v1), one folder with v2.

cgroup_roots() {
    local folder
    if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then
        printf '%s\n' /sys/fs/cgroup
        return
    fi
    for folder in /sys/fs/cgroup/*; do
        # A link is a second name of the same controller.
        [[ -L $folder || ! -e $folder/cgroup.procs ]] || printf '%s\n' "$folder"
    done
}

make_cgroups() {
    local root
    while read -r root; do
        mkdir -p "$root/$cgroup" || fail "The cgroup $root/$cgroup could not be made: pods need cgroups that this user may write."
    done < <(cgroup_roots)
}

# Called when every process in them has been killed; a folder can be removed once the kernel has let go of the last.
remove_cgroups() {
    local root
    while read -r root; do
        [[ ! -d $root/$cgroup ]] || wait_for "the end of $root/$cgroup" "$space_log" remove_cgroup "$root/$cgroup"
    done < <(cgroup_roots)
}

remove_cgroup() {
    find "$1" -depth -type d -exec rmdir {} +
}
