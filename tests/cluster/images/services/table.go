package main

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"sync"
)

// table is what was read last, and what listens because of it.
type table struct {
	mutex     sync.Mutex
	services  map[string]service
	err       error
	listeners map[string]net.Listener
	// By listening address: where its connections go.
	backends  map[string][]string
	addresses map[string]bool
}

func newTable() *table {
	return &table{
		err:       fmt.Errorf("nothing was read yet"),
		listeners: map[string]net.Listener{},
		backends:  map[string][]string{},
		addresses: map[string]bool{},
	}
}

func (t *table) health(response http.ResponseWriter, _ *http.Request) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.err != nil {
		http.Error(response, t.err.Error(), http.StatusServiceUnavailable)
	}
}

// update takes over what was read. While the API server does not answer, what was known last stays true.
func (t *table) update(services map[string]service, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.err = err; err != nil {
		return
	}
	t.services = services
	t.backends = map[string][]string{}
	addresses := map[string]bool{}
	for _, service := range services {
		for port, backends := range service.backends {
			if net.ParseIP(service.address) != nil {
				addresses[service.address] = true
				t.backends[fmt.Sprintf("%s:%d", service.address, port)] = backends
			}
		}
	}
	for address := range addresses {
		if !t.addresses[address] {
			t.address("add", address)
		}
	}
	for listening, listener := range t.listeners {
		if _, wanted := t.backends[listening]; !wanted {
			listener.Close()
			delete(t.listeners, listening)
		}
	}
	for listening := range t.backends {
		if t.listeners[listening] == nil {
			t.listen(listening)
		}
	}
	for address := range t.addresses {
		if !addresses[address] {
			t.address("delete", address)
		}
	}
	t.addresses = addresses
}

func (t *table) address(verb, address string) {
	// One of an earlier life may be there already.
	if said, err := exec.Command("ip", "address", verb, address+"/32", "dev", "lo").CombinedOutput(); err != nil {
		log.Printf("ip address %s %s: %s", verb, address, said)
	}
}

func (t *table) listen(listening string) {
	listener, err := net.Listen("tcp4", listening)
	if err != nil {
		log.Print(err)
		return
	}
	t.listeners[listening] = listener
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go t.pass(connection.(*net.TCPConn), listening)
		}
	}()
}

// pass connects with one of the pods that are ready. Each direction ends by itself, as it does without us between.
func (t *table) pass(from *net.TCPConn, listening string) {
	defer from.Close()
	t.mutex.Lock()
	backends := t.backends[listening]
	t.mutex.Unlock()
	if len(backends) == 0 {
		return
	}
	connection, err := net.Dial("tcp4", backends[rand.IntN(len(backends))])
	if err != nil {
		log.Print(err)
		return
	}
	to := connection.(*net.TCPConn)
	defer to.Close()
	var both sync.WaitGroup
	for _, way := range [][2]*net.TCPConn{{from, to}, {to, from}} {
		both.Add(1)
		go func() {
			defer both.Done()
			io.Copy(way[1], way[0])
			way[1].CloseWrite()
		}()
	}
	both.Wait()
}

// resolve gives the addresses of NAME.NAMESPACE.
func (t *table) resolve(name string) ([]net.IP, bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	service, known := t.services[name]
	if address := net.ParseIP(service.address); address != nil {
		return []net.IP{address}, known
	}
	return service.pods, known
}
