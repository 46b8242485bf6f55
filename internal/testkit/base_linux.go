package testkit

import (
	"os"
	"syscall"
)

// databaseBase is where the shared server keeps its databases: in memory when there is plenty. A database is some 300
// small files, and ext4 is slow to make files where many were just removed, as tests do all the time: a copy
// took 240 ms there and takes 6 ms in memory.
func databaseBase() string {
	const memory, plenty = "/dev/shm", 3 << 30 // Docker gives it 64 MB unless told
	var room syscall.Statfs_t
	if err := syscall.Statfs(memory, &room); err != nil || room.Bavail*uint64(room.Bsize) < plenty {
		return os.TempDir()
	}
	return memory
}
