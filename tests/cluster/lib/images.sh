# shellcheck shell=bash
# The images of the pods, made here and put straight into containerd: there is no registry.

import_images() {
    local work=$state/images marker
    marker=$work/done-$(basename "$images_build")-$(basename "$argo_build")
    [[ ! -e $marker ]] || return 0
    mkdir -p "$work"
    make_pause_image "$work/pause"
    make_executor_image "$work/executor"
    make_trial_image "$work/trial"
    local name
    for name in pause executor trial; do
        inside ctr --address "$containerd_socket" --namespace k8s.io images import "$work/$name.tar" \
            >"$state/log/images.log" 2>&1 || fail "The image $name could not be imported. Read $state/log/images.log"
    done
    rm -rf "${work:?}"/*
    touch "$marker"
}

make_pause_image() {
    mkdir -p "$1"
    cp "$images_build/pause" "$1/pause"
    pack "$1" "$pause_image" '["/pause"]'
}

make_executor_image() {
    mkdir -p "$1/bin" "$1/etc"
    mkdir -m 1777 "$1/tmp"
    cp "$argo_build/argoexec" "$1/bin/argoexec"
    printf 'root:x:0:0:root:/:/bin/false\n' >"$1/etc/passwd"
    pack "$1" "$executor_image" '["/bin/argoexec"]'
}

make_trial_image() {
    mkdir -p "$1/bin" "$1/etc" "$1/root"
    mkdir -m 1777 "$1/tmp"
    copy_program "$images_build/busybox/bin/busybox" "$1"
    copy_program curl "$1"
    local applet
    for applet in $("$1/bin/busybox" --list); do
        [[ $applet == busybox ]] || ln -s busybox "$1/bin/$applet"
    done
    cp "$images_build/trial" "$1/bin/trial"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$1/etc/passwd"
    pack "$1" "$trial_image" '["/bin/trial"]'
}

# copy_program PROGRAM FOLDER: with the libraries of the machine that it is linked to.
copy_program() {
    local program file
    program=$(command -v "$1")
    cp "$program" "$2/bin/"
    while read -r file; do
        mkdir -p "$2$(dirname "$file")"
        cp --dereference "$file" "$2$file"
    done < <(ldd "$program" | grep -o '/[^ ]*')
}

# pack FOLDER NAME ENTRYPOINT: FOLDER.tar, an image of one layer in the format of `docker save`.
pack() {
    local folder=$1 name=$2 entrypoint=$3 parts=$1.parts
    mkdir "$parts"
    tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --file "$parts/layer.tar" --directory "$folder" .
    cat >"$parts/config.json" <<END
{"architecture": "$(go env GOARCH)", "os": "linux",
 "config": {"Entrypoint": $entrypoint, "Env": ["PATH=/usr/bin:/bin"], "WorkingDir": "/"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum "$parts/layer.tar" | cut -d' ' -f1)"]}}
END
    printf '[{"Config": "config.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]\n' "$name" >"$parts/manifest.json"
    tar --create --file "$folder.tar" --directory "$parts" config.json layer.tar manifest.json
}
