# shellcheck shell=bash disable=SC2034,SC2054
# etcd, the API server, the controllers and the scheduler. `command_of_NAME` sets `command`; `answers_NAME` asks it how it is.

# As the administrator, and past any proxy: the server is on this machine.
kubectl() {
    NO_PROXY='*' no_proxy='*' "$bin/kubectl" --kubeconfig "$kubeconfig" --cache-dir "$state/kubectl" "$@"
}

command_of_etcd() {
    command=("$bin/etcd" --name "$node_name" --data-dir "$state/etcd"
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380
        --initial-cluster "$node_name=http://127.0.0.1:2380"
        --quota-backend-bytes 8589934592)
}

answers_etcd() {
    inside curl --noproxy "*" -sf --max-time 2 http://127.0.0.1:2379/health
}

# Admission, rights and tokens are as in any real cluster. Leases of leaders are off for all controllers: there is one of
# each, and one that lost its lease while the API server was away would end.
command_of_apiserver() {
    command=("$bin/kube-apiserver"
        --etcd-servers http://127.0.0.1:2379
        --bind-address 0.0.0.0 --secure-port 443 --advertise-address "$node_address"
        --service-cluster-ip-range "$services" --cert-dir "$state/run"
        --tls-cert-file "$certificates/apiserver.crt" --tls-private-key-file "$certificates/apiserver.key"
        --client-ca-file "$certificates/ca.crt" --anonymous-auth=false
        --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction
        --kubelet-client-certificate "$certificates/apiserver-to-kubelet.crt"
        --kubelet-client-key "$certificates/apiserver-to-kubelet.key"
        --kubelet-certificate-authority "$certificates/ca.crt" --kubelet-preferred-address-types InternalIP
        --service-account-issuer https://kubernetes.default.svc
        --service-account-key-file "$certificates/service-accounts.pub"
        --service-account-signing-key-file "$certificates/service-accounts.key")
}

answers_apiserver() {
    kubectl get --raw /readyz --request-timeout 5s
}

command_of_kube-controllers() {
    command=("$bin/kube-controller-manager"
        --kubeconfig "$certificates/kube-controllers.kubeconfig"
        --authentication-kubeconfig "$certificates/kube-controllers.kubeconfig"
        --authorization-kubeconfig "$certificates/kube-controllers.kubeconfig"
        --leader-elect=false --use-service-account-credentials --bind-address 127.0.0.1 --cert-dir "$state/run"
        --service-account-private-key-file "$certificates/service-accounts.key"
        --root-ca-file "$certificates/ca.crt" --flex-volume-plugin-dir "$state/plugins")
}

answers_kube-controllers() {
    inside curl --noproxy "*" -skf --max-time 2 https://127.0.0.1:10257/healthz
}

command_of_scheduler() {
    command=("$bin/kube-scheduler"
        --kubeconfig "$certificates/scheduler.kubeconfig"
        --authentication-kubeconfig "$certificates/scheduler.kubeconfig"
        --authorization-kubeconfig "$certificates/scheduler.kubeconfig"
        --leader-elect=false --bind-address 127.0.0.1 --cert-dir "$state/run")
}

answers_scheduler() {
    inside curl --noproxy "*" -skf --max-time 2 https://127.0.0.1:10259/healthz
}
