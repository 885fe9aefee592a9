// Package failures holds no code: its tests are the known failures of reconnecting
// WebSocket clients, as users of many libraries have reported them. Each runs one script
// against two clients: a naive one, written as articles about reconnecting recommend, with
// exactly the flaw, and ours. The symptom has to show with the naive client, which proves
// that the script can find it, and must not show with ours, whose configuration is the
// default in everything that the test is not about.
//
// Storms:
//
//	delays from a table: clients come back as one     TestSynchronisedReconnects, TestAHerdInOnePool
//	jitter before the cap: clients at the cap are     TestCapFreezesJitter
//	alike for good
//	no delay between the servers of a list            TestZeroDelayBetweenServers
//	a deployment's 1001 brings everybody back at once TestPlannedCloseIsAStorm
//	the window that a server announced is ignored     TestTheServersWindowIsIgnored
//	every handshake of a cold start at once           TestHandshakesUnlimited
//	connections are pinged, and expire, in step       TestPingsInStep, TestLifetimesExpireTogether
//	a planned move breaks before it makes             TestPlannedMoveBreaksFirst
//
// Coming back:
//
//	backoff reset on open, permanent hammering        TestBackoffResetOnOpen
//	a DNS refresh destroys the backoff                TestDNSRefreshResetsBackoff
//	two reconnect loops: connections multiply         TestDoubleReconnectLoops
//	never reconnects after a non-101                  TestNeverReconnectsAfterNon101
//	gives up for good                                 TestGivesUpForGood
//	Retry-After lost                                  TestRetryAfterLost
//	stale credentials on reconnect, 401 loops         TestStaleCredentialsLoop
//	1012 to 1014 taken for a breach of the protocol   Test1012IsNoProtocolError
//	the wait before an attempt ignores Close          TestReconnectIgnoresClose
//	each heal is a full TLS handshake                 TestEachHealIsAFullHandshake
//
// Finding out:
//
//	half-open undetected                              TestHalfOpenUndetected
//	ping timeout kills a healthy but busy link        TestPingKillsBusyLink, TestPingBehindTheKernelsQueue
//	an old keepalive kills the new connection         TestOldKeepaliveKillsNewConnection
//	the keepalive spins while there is no connection  TestKeepaliveSpins
//	connected to the wrong node after a failover      TestWrongNodeAfterFailover
//	bytes behind the 101 are dropped                  TestBytesBehind101
//
// Blocking:
//
//	a write blocks for ever                           TestWriteBlocksForEver
//	a lock over a write disables healing              TestLockOverWriteDisablesHealing
//	close on a half-open socket blocks                TestCloseBlocks
//	the handshake has no bound                        TestHandshakeUnbounded
//	a context that ends kills the connection          TestContextKillsConnection
//	callbacks under a lock, deadlocks with Close      TestUserCodeUnderLock, TestCallbackDeadlock
//	a handler on the reader waits for itself          TestHandlerOnTheReader
//	a lease that is never given back                  TestLeaseLeak
//
// Messages:
//
//	loss on reconnect                                 TestLossOnReconnect, TestUnsentIsLost
//	duplicates on reconnect                           TestDuplicatesOnReconnect
//	order across reconnects                           TestOrderAcrossHeals
//	sent, says the client of what was lost            TestWrongOutcome
//	a resume that works once                          TestResumeWorksMoreThanOnce
//	a resume that fails silently                      TestResumeFailsSilently
//	unbounded queues, both ways                       TestUnboundedQueue, TestSlowConsumer
//	memory as headers promise                         TestMemoryDoS
//
// Endpoints:
//
//	an address that swallows everything               TestBlackHoleAddress
//	no resolution after the first                     TestTheNameIsNeverResolvedAgain
//	the breaker is stuck half-open                    TestWedgeInHalfOpen
//	the only host is ejected                          TestOnlyHostEjected
//	the ejection multiplier never resets              TestEjectionMultiplierNeverResets
//	never rebalances after a scale-out                TestNeverRebalances, TestOneHostOfTwo
//
// Cost:
//
//	memory per connection                             TestGoroutinesPerConnection; package wire: BenchmarkIdle
//	system calls per frame                            TestFlushPerFrame, TestQueuedMessagesAreWrittenTogether
//
// Closing a TLS connection can take 5 s, and one that was cut short in a write is broken for
// good: TestTLSKillSaysNoGoodbye and TestTLSOutcomesAreHonest of package wire.
package failures
