# shellcheck shell=bash disable=SC2034,SC2054
# Argo Workflows: its resource definitions and rights from its own Go module, and its controller as a process of the space,
# with the rights of its service account. A process, not a pod, because tests kill it and start it again.

controller_kubeconfig=$certificates/controller.kubeconfig

install_argo() {
    local work=$state/argo log
    log=$state/log/install-argo.log
    [[ ! -e $work/done ]] || return 0
    mkdir -p "$work"
    cp -r "$argo_build/manifests/." "$work"
    write_kustomization >"$work/kustomization.yaml"
    {
        kubectl apply --server-side -f "$here/manifests/namespaces.yaml"
        # The full definitions are too large for the annotation of a client's apply.
        kubectl apply --server-side -f "$work/crds"
        wait_for "Argo's resources to be served" "$(log_of apiserver)" definitions_are_served "$work/crds"
        kubectl apply --server-side -k "$work"
        kubectl apply --server-side -f "$here/manifests/controller.yaml" -f "$here/manifests/trials.yaml"
    } >"$log" 2>&1 || fail "Argo's manifests could not be applied. Read $log"
    "$here/kubeconfig" argo argo >"$controller_kubeconfig.new"
    mv "$controller_kubeconfig.new" "$controller_kubeconfig"
    touch "$work/done"
}

# One small request tells of all of them; the definitions themselves are megabytes.
definitions_are_served() {
    local served file plural
    served=$(kubectl get --raw /apis/argoproj.io/v1alpha1) || return 1
    for file in "$1"/*.yaml; do
        plural=$(basename "$file" .yaml)
        [[ $served == *"\"name\":\"${plural#argoproj.io_}\""* ]] || return 1
    done
}

write_kustomization() {
    cat <<'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: argo
resources: [rbac, service-account.yaml]
END
}

# Progress and changes of pods are passed on after a second, not after a minute and ten seconds. No lease of a leader: the
# controller would end when it lost that, while the API server is away. No watch of semaphores: once refused, as for a moment
# when the API server starts, it spins for ever and fills its log.
command_of_controller() {
    command=(env LEADER_ELECTION_DISABLE=true WATCH_CONTROLLER_SEMAPHORE_CONFIGMAPS=false DEFAULT_REQUEUE_TIME=1s
        ARGO_PROGRESS_PATCH_TICK_DURATION=1s ARGO_PROGRESS_FILE_TICK_DURATION=1s
        "$bin/workflow-controller" --kubeconfig "$controller_kubeconfig" --namespace argo
        --executor-image "$executor_image" --executor-image-pull-policy Never --qps 100 --burst 200)
}

answers_controller() {
    inside curl --noproxy "*" -sf --max-time 2 http://127.0.0.1:6060/healthz
}

# Runs one workflow to its end.
greet() {
    local log=$state/log/hello.log
    [[ ! -e $state/run/greeted ]] || return 0
    wait_for "the authority's certificate in the namespace" "$(log_of kube-controllers)" \
        kubectl get configmap kube-root-ca.crt --namespace "$trial_namespace"
    kubectl delete workflow hello --namespace "$trial_namespace" --ignore-not-found >"$log" 2>&1
    kubectl create -f "$here/manifests/hello.yaml" >"$log" 2>&1 || fail "The workflow hello was refused. Read $log"
    wait_for "the end of the workflow hello" "$(log_of controller)" hello_ended
    if [[ $(phase_of_hello) != Succeeded ]]; then
        kubectl get workflow,pods,events --namespace "$trial_namespace" -o yaml >"$log" 2>&1
        fail "The workflow hello ended with $(phase_of_hello). Read $log and $(log_of controller)"
    fi
    kubectl delete workflow hello --namespace "$trial_namespace" >"$log" 2>&1
    touch "$state/run/greeted"
}

hello_ended() {
    [[ $(phase_of_hello) == @(Succeeded|Failed|Error) ]]
}

phase_of_hello() {
    kubectl get workflow hello --namespace "$trial_namespace" -o 'jsonpath={.status.phase}'
}
