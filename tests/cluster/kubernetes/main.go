// kubernetes is the programs of a one-node Kubernetes in one binary: the first argument, or the name under which it was
// called, says which; etcd is among them. The test cluster is built from Go modules, so that nothing but source is downloaded; one binary
// builds the code that these programs share only once.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// The servers by name. Each is made only when it is asked for: making one registers flags and feature gates.
var servers = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

// These two have ways of their own to read their arguments and to print errors.
var others = map[string]func(){
	"etcd": func() { etcdmain.Main(os.Args) },
	"kubectl": func() {
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			util.CheckErr(err)
		}
	},
}

func main() {
	name := filepath.Base(os.Args[0])
	if !known(name) && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	if !known(name) {
		fmt.Fprintf(os.Stderr, "%s is none of the programs here: %s\n", name, strings.Join(names(), ", "))
		os.Exit(2)
	}
	if other := others[name]; other != nil {
		other()
		return
	}
	os.Exit(cli.Run(servers[name]()))
}

func known(name string) bool {
	return others[name] != nil || servers[name] != nil
}

func names() []string {
	all := make([]string, 0, len(servers)+len(others))
	for name := range servers {
		all = append(all, name)
	}
	for name := range others {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}
