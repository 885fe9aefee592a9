package workload

import (
	"os"
	"runtime/pprof"
)

// profileCPU profiles until stop, if the job asks for it.
func (r *run) profileCPU() (stop func() error, err error) {
	if r.Profile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(r.Profile + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// profileHeap writes what the heap holds and where goroutines wait, if the job asks for it.
func (r *run) profileHeap() error {
	if r.Profile == "" {
		return nil
	}
	for _, name := range []string{"heap", "goroutine"} {
		f, err := os.Create(r.Profile + "." + name + ".pprof")
		if err != nil {
			return err
		}
		if err := pprof.Lookup(name).WriteTo(f, 0); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
