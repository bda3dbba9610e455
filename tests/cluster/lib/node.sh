# shellcheck shell=bash disable=SC2034,SC2054
# The node: containerd with a configuration and a store of its own, the network of the pods, and the kubelet.

containerd_socket=/run/containerd/containerd.sock

write_node_files() {
    mkdir -p "$state"/{cni,tmp,kubelet,plugins}
    write_containerd_config >"$state/containerd.toml"
    write_network >"$state/cni/10-tunebot.conflist"
    write_kubelet_config >"$state/kubelet.yaml"
    # The part `services` knows the cluster's own names and refuses all others at once.
    printf 'nameserver %s\n' "$node_address" >"$state/resolv.conf"
}

# AppArmor is off because its profile would stay in the machine's kernel. Scores for the out-of-memory killer are not lowered
# below containerd's: root in a sandbox of its own often may not.
write_containerd_config() {
    cat <<END
version = 2
root = "$state/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing"]

[grpc]
  address = "$containerd_socket"

[plugins."io.containerd.internal.v1.opt"]
  path = "$state/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$cni_folder"
    conf_dir = "$state/cni"
END
}

write_network() {
    cat <<END
{
  "cniVersion": "0.4.0",
  "name": "tunebot",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "tunebot-pods",
      "isGateway": true,
      "ipMasq": false,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "ranges": [[{"subnet": "$pods"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "$state/addresses"
      }
    }
  ]
}
END
}

# Nothing is evicted or collected because the disk of the machine is full of other things: the images could not come back.
write_kubelet_config() {
    cat <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_address
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $certificates/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: $certificates/kubelet.crt
tlsPrivateKeyFile: $certificates/kubelet.key
containerRuntimeEndpoint: unix://$containerd_socket
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: $state/resolv.conf
clusterDNS: [$node_address]
clusterDomain: cluster.local
podLogsDir: $state/pod-logs
volumePluginDir: $state/plugins
maxPods: 500
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 1Mi, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, imagefs.inodesFree: 0%}
END
}

command_of_containerd() {
    command=(containerd --config "$state/containerd.toml")
}

answers_containerd() {
    inside ctr --address "$containerd_socket" --timeout 2s --connect-timeout 2s version
}

command_of_kubelet() {
    command=("$bin/kubelet"
        --config "$state/kubelet.yaml" --kubeconfig "$certificates/kubelet.kubeconfig"
        --root-dir "$state/kubelet" --cert-dir "$state/kubelet/pki"
        --hostname-override "$node_name" --node-ip "$node_address")
}

answers_kubelet() {
    kubectl get --raw "/api/v1/nodes/$node_name/proxy/healthz" --request-timeout 5s && node_is_ready
}

node_is_ready() {
    [[ $(kubectl get node "$node_name" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}
