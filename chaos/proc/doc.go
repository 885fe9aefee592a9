// Package proc keeps the processes of a run together: it starts children that end
// with their parent, measures them, and reads the clock that all of them share.
//
// A child is tied to its parent three times over, because each tie fails alone:
//
//	tie                        holds when                          fails when
//	SIGKILL at parent's death  the child hangs or is stopped       not on Linux; grandchildren
//	end of the child's stdin   any system, any death of the parent the child does not look, or is stopped
//	Stop                       the parent ends in good order       the parent is killed
//
// On other Unix systems a stopped child whose parent dies is woken by the kernel with
// SIGHUP and SIGCONT, since its process group has become an orphan (POSIX, exit(3p)).
//
// Limits: what a child starts is ended with its process group by Stop and, on Linux, when
// the child itself ends; but when the parent is killed with SIGKILL, only the child is
// sure to die. A command that is a wrapper (npm, a shell script without exec) can leave its
// grandchild behind in that one case. On systems other than Unix a child is ended
// by its stdin and by Stop alone.
package proc
