package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is USER_HZ, the unit of times in /proc, which is 100 on every
// architecture that Go runs on (proc(5)).
const ticksPerSecond = 100

func usageOf(pid int) (Usage, error) {
	dir := fmt.Sprintf("/proc/%d", pid)
	stat, err := os.ReadFile(dir + "/stat")
	if errors.Is(err, fs.ErrNotExist) {
		return Usage{}, ErrEnded
	}
	if err != nil {
		return Usage{}, err
	}
	var u Usage
	if u.CPU, u.RSS, err = parseStat(stat); err != nil {
		return Usage{}, fmt.Errorf("%s/stat: %w", dir, err)
	}
	if u.FDs, err = openDescriptors(dir + "/fd"); err != nil {
		return Usage{}, err
	}
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		return Usage{}, fmt.Errorf("descriptor limit of process %d: %w", pid, err)
	}
	u.FDLimit = int(min(limit.Cur, 1<<31-1))
	return u, nil
}

// parseStat takes CPU seconds and resident bytes from /proc/PID/stat. The second field
// is the program's name, which may hold spaces and parentheses, so fields are counted
// from its last closing one.
func parseStat(stat []byte) (cpu float64, rss int64, err error) {
	end := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:]))
	const utime, stime, resident = 14 - 3, 15 - 3, 24 - 3 // numbered as in proc(5), from field 3
	if end < 0 || len(fields) <= resident {
		return 0, 0, fmt.Errorf("%.60q, expected 24 fields or more", stat)
	}
	user, err1 := strconv.ParseUint(fields[utime], 10, 64)
	sys, err2 := strconv.ParseUint(fields[stime], 10, 64)
	pages, err3 := strconv.ParseInt(fields[resident], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return 0, 0, err
	}
	return float64(user+sys) / ticksPerSecond, pages * int64(os.Getpagesize()), nil
}

// openDescriptors counts the entries of /proc/PID/fd. Since Linux 6.2 the directory's
// size is their number; listing ten thousand of them takes milliseconds.
func openDescriptors(dir string) (int, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, err
	}
	if info.Size() > 0 {
		return int(info.Size()), nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	return len(names), err
}

// Machine reads the machine's CPU times. It is ErrUnsupported on systems other than Linux.
func Machine() (CPUTimes, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return CPUTimes{}, err
	}
	return parseMachine(stat)
}

func parseMachine(stat []byte) (CPUTimes, error) {
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	// cpu user nice system idle iowait irq softirq steal [guest guest_nice]: the two
	// guest times are part of user and nice already.
	if len(fields) < 9 || fields[0] != "cpu" {
		return CPUTimes{}, fmt.Errorf("/proc/stat: %.60q, expected cpu and 8 numbers or more", line)
	}
	var t [8]float64
	for i := range t {
		n, err := strconv.ParseUint(fields[i+1], 10, 64)
		if err != nil {
			return CPUTimes{}, fmt.Errorf("/proc/stat: %w", err)
		}
		t[i] = float64(n) / ticksPerSecond
	}
	const idle, iowait, steal = 3, 4, 7
	c := CPUTimes{Idle: t[idle] + t[iowait], Steal: t[steal]}
	for _, x := range t {
		c.Total += x
	}
	return c, nil
}
