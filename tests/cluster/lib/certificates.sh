# shellcheck shell=bash
# One authority for the cluster, a certificate for each program, and the kubeconfig files that carry them.

make_certificates() {
    [[ ! -e $certificates/done ]] || return 0
    mkdir -p "$certificates"
    (
        umask 077
        cd "$certificates" || exit 1
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 3650 -subj /CN=tunebot-cluster \
            -addext keyUsage=critical,keyCertSign,cRLSign
        openssl genrsa -out service-accounts.key 2048
        openssl rsa -in service-accounts.key -pubout -out service-accounts.pub
        certificate apiserver /CN=kube-apiserver \
            "IP:$node_address,IP:$first_service,IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
        certificate kubelet "/O=system:nodes/CN=system:node:$node_name" "IP:$node_address,DNS:$node_name"
        certificate apiserver-to-kubelet /O=system:masters/CN=kube-apiserver-kubelet-client
        certificate kube-controllers /CN=system:kube-controller-manager
        certificate scheduler /CN=system:kube-scheduler
        certificate admin /O=system:masters/CN=admin
    ) >"$state/log/certificates.log" 2>&1 || fail "The certificates could not be made. Read $state/log/certificates.log"
    local who
    for who in kubelet kube-controllers scheduler; do
        kubeconfig_with_certificate "$who" >"$certificates/$who.kubeconfig"
    done
    kubeconfig_with_certificate admin >"$kubeconfig"
    chmod 600 "$kubeconfig" "$certificates"/*.kubeconfig
    touch "$certificates/done"
}

# certificate NAME SUBJECT [ALTERNATIVE NAMES]
certificate() {
    local extensions="extendedKeyUsage=clientAuth,serverAuth"
    [[ -z ${3:-} ]] || extensions+=$'\n'"subjectAltName=$3"
    openssl req -new -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$1.crt" \
        -extfile <(printf '%s\n' "$extensions")
}

# Everything is in the file itself, so that it can be copied elsewhere.
kubeconfig_with_certificate() {
    kubeconfig_for default "client-certificate-data: $(base64 -w0 "$certificates/$1.crt")
      client-key-data: $(base64 -w0 "$certificates/$1.key")"
}

# kubeconfig_for NAMESPACE CREDENTIALS
kubeconfig_for() {
    cat <<END
apiVersion: v1
kind: Config
clusters:
  - name: tunebot-cluster
    cluster:
      server: $server
      certificate-authority-data: $(base64 -w0 "$certificates/ca.crt")
users:
  - name: user
    user:
      $2
contexts:
  - name: tunebot-cluster
    context: {cluster: tunebot-cluster, user: user, namespace: $1}
current-context: tunebot-cluster
END
}
