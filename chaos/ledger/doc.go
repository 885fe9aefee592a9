// Package ledger keeps a record on disk of what was broken and could outlive who broke it:
// toxics in a server that was there before, rules of the kernel. What a crash leaves is
// found there and put right.
//
//	Write ─▶ fsync ─▶ break it … mend it ─▶ Strike ─▶ Close removes the file
//	              crash ─▶ the file stays, unlocked ─▶ Left
//
// Each process has a file of its own in the directory, locked for as long as it lives; the
// kernel lets go of the lock however it ends. Left hands out the files that nobody locks.
package ledger
