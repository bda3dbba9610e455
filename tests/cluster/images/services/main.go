// services makes the Services of the test cluster work: their addresses lead to their pods, and their names to their
// addresses. It stands for kube-proxy and the cluster's DNS, without packet filter rules: the node has the addresses itself,
// and connections are passed on.
//
//	services --server=https://… --authority=ca.crt --certificate=admin.crt --key=admin.key --names=ADDRESS:53 --health=ADDRESS:PORT
//
// Only TCP, only IPv4. Names outside of the cluster are refused.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

// How often the API server is asked what there is.
const period = 250 * time.Millisecond

func main() {
	server := flag.String("server", "", "URL of the API server")
	authority := flag.String("authority", "", "file with the certificate of the server's authority")
	certificate := flag.String("certificate", "", "file with the client's certificate")
	key := flag.String("key", "", "file with the key of that certificate")
	names := flag.String("names", "", "address at which names are resolved")
	health := flag.String("health", "", "address that tells whether the API server answers")
	flag.Parse()
	client, err := clientWith(*authority, *certificate, *key)
	if err != nil {
		log.Fatal(err)
	}
	socket, err := net.ListenPacket("udp4", *names)
	if err != nil {
		log.Fatal(err)
	}
	table := newTable()
	go answerNames(socket, table)
	go func() { log.Fatal(http.ListenAndServe(*health, http.HandlerFunc(table.health))) }()
	for ; ; time.Sleep(period) {
		services, err := fetch(client, *server)
		table.update(services, err)
	}
}

func clientWith(authority, certificate, key string) (*http.Client, error) {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: config}}, nil
}

// service is what a Service and its slices of endpoints come to.
type service struct {
	address string
	// By port of the service: where its connections go.
	backends map[int][]string
	// Addresses of pods, for a service without one of its own.
	pods []net.IP
}

type metadata struct {
	Name, Namespace string
	Labels          map[string]string
}

type serviceList struct {
	Items []struct {
		Metadata metadata
		Spec     struct {
			ClusterIP string
			Ports     []struct {
				Name string
				Port int
			}
		}
	}
}

type sliceList struct {
	Items []struct {
		Metadata  metadata
		Endpoints []struct {
			Addresses  []string
			Conditions struct{ Ready *bool }
		}
		Ports []struct {
			Name string
			Port int
		}
	}
}

// fetch reads all services, by NAME.NAMESPACE. `kubernetes` is left out: the API server itself has its address.
func fetch(client *http.Client, server string) (map[string]service, error) {
	var services serviceList
	if err := get(client, server+"/api/v1/services", &services); err != nil {
		return nil, err
	}
	var slices sliceList
	if err := get(client, server+"/apis/discovery.k8s.io/v1/endpointslices", &slices); err != nil {
		return nil, err
	}
	found := map[string]service{}
	for _, item := range services.Items {
		name := item.Metadata.Name + "." + item.Metadata.Namespace
		if name == "kubernetes.default" {
			found[name] = service{address: item.Spec.ClusterIP}
			continue
		}
		one := service{address: item.Spec.ClusterIP, backends: map[int][]string{}}
		for _, slice := range slices.Items {
			if slice.Metadata.Labels["kubernetes.io/service-name"]+"."+slice.Metadata.Namespace != name {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready {
					continue
				}
				pod := endpoint.Addresses[0]
				one.pods = append(one.pods, net.ParseIP(pod))
				for _, port := range item.Spec.Ports {
					for _, target := range slice.Ports {
						if target.Name == port.Name {
							one.backends[port.Port] = append(one.backends[port.Port], fmt.Sprintf("%s:%d", pod, target.Port))
						}
					}
				}
			}
		}
		found[name] = one
	}
	return found, nil
}

func get(client *http.Client, url string, into any) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
