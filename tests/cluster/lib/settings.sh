# shellcheck shell=bash disable=SC2034
# What the cluster is called, where it lives and which addresses it uses. Everything else reads it from here.

kubernetes_version=1.34.4
argo_version=4.0.2

# All that a running cluster writes is in one folder, which `down` removes. What is built is kept apart, for the next time.
state=${TUNEBOT_CLUSTER_DIR:-/var/tmp/tunebot-cluster}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tunebot-cluster
certificates=$state/certificates
kubeconfig=$state/kubeconfig
bin=$state/bin

# The cluster has a network namespace of its own, joined to the machine by one pair of interfaces. The addresses are from
# the block that is set aside for benchmarks (RFC 2544): no machine and no office uses them. There is no default route:
# nothing in the cluster can reach anything but the machine.
host_interface=tunebot-host
node_interface=tunebot-node
host_address=198.18.77.1
node_address=198.18.77.2
pods_and_services=198.19.0.0/16
pods=198.19.0.0/20
services=198.19.128.0/24
first_service=198.19.128.1
server=https://$node_address:443

node_name=tunebot
trial_namespace=tunebot
trial_service_account=tunebot-trial
pause_image=tunebot.test/pause:1
trial_image=tunebot.test/trial:1
tunebot_image=tunebot.test/tunebot:1
executor_image=tunebot.test/argoexec:$argo_version

# The cgroup under which the kubelet puts all pods.
cgroup=tunebot-cluster

# Seconds until something that should become true is given up. Far more than it takes, so that a busy machine passes.
patience=${TUNEBOT_CLUSTER_PATIENCE:-180}

# In the order in which they start.
all_parts=(etcd apiserver kube-controllers scheduler containerd kubelet services controller)
