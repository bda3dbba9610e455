# shellcheck shell=bash
# Programs that are built from Go modules, once: each result has a folder in the cache that is named after what went in.

# The folders of the results, set by `build_all`.
kubernetes_build='' argo_build='' images_build=''

build_all() {
    kubernetes_build=$cache/kubernetes-$(key_of kubernetes "$here"/kubernetes/{go.mod,go.sum,main.go})
    argo_build=$cache/argo-$(key_of argo "$here"/argo/{go.mod,go.sum,osspecific/signal_linux.go})
    images_build=$cache/images-$(key_of images "$here"/images/go.mod "$here"/images/*/*.go)
    built "$images_build" build_images
    built "$kubernetes_build" build_kubernetes
    built "$argo_build" build_argo
    # What no `up` has used for a month is of an earlier version.
    touch "$images_build" "$kubernetes_build" "$argo_build"
    find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} +
}

# key_of NAME FILE...: the same Go, the same files and the same way to build give the same key.
key_of() {
    local name=$1
    shift
    { go version; printf '%s\n' "$kubernetes_version" "$argo_version"; declare -f "build_$name"; cat "$@"; } |
        sha256sum | cut -c1-16
}

# built FOLDER FUNCTION: calls the function with a new folder to fill, unless it was done before. A half-filled folder never
# gets the name.
built() {
    local folder=$1 function=$2
    [[ -d $folder ]] && return
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    say "building $(basename "$folder") (once; then it is cached in $cache)"
    phase "built $(basename "$folder")" "$function" "$folder.new"
    mv "$folder.new" "$folder"
}

# go_build FOLDER OUTPUT PACKAGE FLAGS...: static, and without what the caller's environment may ask of other builds.
go_build() {
    local folder=$1 output=$2 package=$3 log
    shift 3
    log=$cache/build-$(basename "$output").log
    GOFLAGS=-buildvcs=false GOWORK=off CGO_ENABLED=0 \
        go build -C "$folder" -trimpath -o "$output" "$@" "$package" >"$log" 2>&1 ||
        fail "$(basename "$output") could not be built. Read $log (last lines below).
$(tail -n 5 "$log")"
}

build_kubernetes() {
    local version=k8s.io/component-base/version
    go_build "$here/kubernetes" "$1/kubernetes" . -ldflags="-s -w
        -X $version.gitVersion=v$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=34
        -X $version.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=v$kubernetes_version"
    local program
    for program in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do
        ln -s kubernetes "$1/$program"
    done
}

build_argo() {
    local module=github.com/argoproj/argo-workflows/v4 source=$1/source program
    copy_module "$module" "$source"
    # Argo's module may lack a file: see there.
    cp --no-clobber "$here/argo/osspecific/signal_linux.go" "$source/workflow/executor/osspecific/"
    cp "$here/argo/go.mod" "$1/build.mod"
    cp "$here/argo/go.sum" "$1/build.sum"
    go mod edit -replace "$module=$source" "$1/build.mod"
    for program in workflow-controller argoexec; do
        go_build "$here/argo" "$1/$program" "$module/cmd/$program" \
            -modfile "$1/build.mod" -ldflags="-s -w -X $module.version=v$argo_version"
    done
    mkdir -p "$1/manifests/crds"
    cp "$source"/manifests/base/crds/full/argoproj.io_*.yaml "$1/manifests/crds/"
    cp -r "$source/manifests/cluster-install-no-crds/workflow-controller-rbac" "$1/manifests/rbac"
    cp "$source/manifests/base/workflow-controller/workflow-controller-sa.yaml" "$1/manifests/service-account.yaml"
    rm -r "$source"
}

# copy_module MODULE FOLDER: Go keeps its own copy read-only.
copy_module() {
    local source
    GOFLAGS='' GOWORK=off go mod download -C "$here/argo" "$1"
    source=$(GOFLAGS='' GOWORK=off go list -C "$here/argo" -m -f '{{.Dir}}' "$1")
    cp -r "$source" "$2"
    chmod -R u+w "$2"
}

build_images() {
    go_build "$here/images" "$1/pause" ./pause -ldflags='-s -w'
    go_build "$here/images" "$1/trial" ./trial -ldflags='-s -w'
    go_build "$here/images" "$1/services" ./services -ldflags='-s -w'
    # Only unpacked, not installed: the machine may have another one.
    (cd "$1" && apt-get download busybox >busybox.log 2>&1 && dpkg-deb -x busybox_*.deb busybox) ||
        fail "Debian's package busybox could not be had. Read $1/busybox.log; \`apt-get update\` may help."
}
