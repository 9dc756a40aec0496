// Serves the metrics of a fleet with client_golang, and is asked over HTTP as the programs in Node are:
// bench/src/exposition/serve-subject.ts says what for.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const seriesOfVM = 4

type vm struct {
	cpu, memory   prometheus.Gauge
	read, written prometheus.Counter
}

// The generator of bench/src/exposition/fleet.ts.
var state uint32 = 7

func draw() float64 {
	state = state*1664525 + 1013904223
	return float64(state) / (1 << 32)
}

func (v vm) change() {
	v.cpu.Set(draw() * 100)
	v.memory.Set(math.Floor(draw()*(1<<20)) * 4096)
	v.read.Add(math.Floor(draw() * 1e9))
	v.written.Add(math.Floor(draw() * 1e9))
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func answer(w http.ResponseWriter, value map[string]any) {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(err)
	}
}

func main() {
	series, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	registry := prometheus.NewRegistry()
	cpu := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "metald_cpu_usage_percent", Help: "Load of the processors of a VM, 0 to 100.",
	}, []string{"vm_id"})
	memory := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "metald_memory_usage_bytes", Help: "Memory that a VM uses, in bytes.",
	}, []string{"vm_id"})
	io := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "metald_disk_io_bytes_total", Help: "Bytes that a VM has read and written.",
	}, []string{"vm_id", "op"})
	registry.MustRegister(cpu, memory, io)

	vms := make([]vm, series/seriesOfVM)
	for index := range vms {
		id := fmt.Sprintf("ud-%016x", index)
		vms[index] = vm{
			cpu.WithLabelValues(id), memory.WithLabelValues(id),
			io.WithLabelValues(id, "read"), io.WithLabelValues(id, "write"),
		}
		vms[index].change()
	}

	begun := cpuSeconds()
	turn := 0
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	http.HandleFunc("/change", func(w http.ResponseWriter, r *http.Request) {
		before := cpuSeconds()
		share, _ := strconv.ParseFloat(r.URL.Query().Get("share"), 64)
		if share > 0 {
			step := int(math.Round(1 / share))
			turn++
			for index := turn % step; index < len(vms); index += step {
				vms[index].change()
			}
		}
		answer(w, map[string]any{"cpuSeconds": cpuSeconds() - before})
	})
	http.HandleFunc("/begin", func(w http.ResponseWriter, _ *http.Request) {
		begun = cpuSeconds()
		answer(w, map[string]any{})
	})
	http.HandleFunc("/end", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"cpuSeconds": cpuSeconds() - begun})
	})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
