package lifecycle

// outcomes is what each event does in each scene, in the words of outcome. An
// event that is not listed does nothing at all there.
const outcomes = `
idle
	Adopt                 **ready** Disarm *adopted* *ready*
	Pending               **starting** Spawn(1)
	Demand, client        **starting** Disarm Spawn(1)
	Demand, operator      **starting** Disarm Spawn(1)
	Lost                  Publish Arm *listener_lost*
	Restart               **starting** Disarm Spawn(1) *restarted*
	Disable               **disabled** Disarm Withdraw *disabled*
	Remove                **disabled** Disarm Withdraw *disabled*

starting
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  **draining** Evidence(1) Terminate(1) *start_timeout*
	SpawnFailed           **backoff** *exited* *backoff*
	Bound                 *bound*
	Ready                 **ready** *ready*
	Extend                later
	Stopping              **draining** *stopping*
	Exited, 0             **backoff** *exited* *backoff*
	Exited, 1             **backoff** *exited* *backoff*
	Exited, 78 (give up)  **failed** Withdraw *exited* *failed*
	IdleStop              Thaw(1)
	Stop                  **draining** Terminate(1) *stopping*
	Restart               **draining** Terminate(1) *stopping*
	Disable               **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Remove                **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Upgrade               **draining** Terminate(1) *stopping* *upgrade_started*

ready
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	SpawnFailed           **backoff** *exited* *backoff*
	Stopping              **draining** *stopping*
	Exited, 0             **idle** Arm *exited*
	Exited, 1             **backoff** *exited* *backoff*
	Exited, 78 (give up)  **failed** Withdraw *exited* *failed*
	Stall                 **draining** Evidence(1) Terminate(1) *stall*
	IdleStop              **draining** Terminate(1) Thaw(1) *idle_stop*
	Stop                  **draining** Terminate(1) *stopping*
	Restart               **draining** Terminate(1) *stopping*
	Disable               **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Remove                **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Upgrade               **draining** Terminate(1) *stopping* *upgrade_started*

draining
	Restart               remembered
	Demand, operator      remembered
	Demand, client        remembered
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  Kill(1)
	SpawnFailed           **idle** Arm *exited* *stopped*
	Extend                later
	Exited, 0             **idle** Arm *exited* *stopped*
	Exited, 1             **idle** Arm *exited* *stopped*
	Exited, 78 (give up)  **idle** Arm *exited* *stopped*
	IdleStop              Thaw(1)
	Disable               **disabled** Withdraw *disabled*
	Remove                **disabled** Withdraw *disabled*

backoff
	Demand, client        remembered
	Adopt                 Terminate(9) *stopping*
	Demand, operator      **starting** Spawn(2)
	Lost                  Publish *listener_lost*
	Tick                  **idle** Arm
	Restart               **starting** Spawn(2) *restarted*
	Disable               **disabled** Withdraw *disabled*
	Remove                **disabled** Withdraw *disabled*
	Upgrade               **idle** Arm

failed
	Adopt                 Terminate(9) *stopping*
	Demand, operator      **starting** Publish Spawn(2)
	Tick                  **idle** Publish Arm
	Restart               **starting** Publish Spawn(2) *restarted*
	Disable               **disabled** *disabled*
	Remove                **disabled** *disabled*
	Upgrade               **idle** Publish Arm

disabled
	Adopt                 Terminate(9) *stopping*
	Enable                **idle** Publish Arm *enabled*
	Remove                *disabled*

idle, on probation
	Upgrade               forgotten
	Adopt                 **ready** Disarm *adopted* *ready* *recovered*
	Pending               **starting** Spawn(2)
	Demand, client        **starting** Disarm Spawn(2)
	Demand, operator      **starting** Disarm Spawn(2)
	Lost                  Publish Arm *listener_lost*
	Restart               **starting** Disarm Spawn(2) *restarted*
	Disable               **disabled** Disarm Withdraw *disabled*
	Remove                **disabled** Disarm Withdraw *disabled*

ready, on probation
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	SpawnFailed           **failed** Withdraw *exited* *failed*
	Stopping              **draining** *stopping*
	Exited, 0             **idle** Arm *exited*
	Exited, 1             **failed** Withdraw *exited* *failed*
	Exited, 78 (give up)  **failed** Withdraw *exited* *failed*
	Stall                 **draining** Evidence(2) Terminate(2) *stall*
	IdleStop              **draining** Terminate(2) Thaw(2) *idle_stop*
	Stop                  **draining** Terminate(2) *stopping*
	Restart               **draining** Terminate(2) *stopping*
	Disable               **disabled** Terminate(2) Withdraw *stopping* *disabled*
	Remove                **disabled** Terminate(2) Withdraw *stopping* *disabled*
	Upgrade               **draining** Terminate(2) *stopping* *upgrade_started*

starting, at the gate
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  **draining** Evidence(1) Terminate(1) *start_timeout*
	Spawned               *spawned*
	SpawnFailed           **backoff** *exited* *backoff*
	Bound                 *bound*
	Ready                 **ready** *spawned* *ready*
	Extend                later
	Stopping              **draining** *stopping*
	Exited, 0             **backoff** *exited* *backoff*
	Exited, 1             **backoff** *exited* *backoff*
	Exited, 78 (give up)  **failed** Withdraw *exited* *failed*
	IdleStop              Thaw(1)
	Stop                  **draining** Terminate(1) *stopping*
	Restart               **draining** Terminate(1) *stopping*
	Disable               **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Remove                **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Upgrade               **draining** Terminate(1) *stopping* *upgrade_started*

starting, mode bind
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  **draining** Evidence(1) Terminate(1) *start_timeout*
	SpawnFailed           **backoff** *exited* *backoff*
	Bound                 *bound* *spawned*
	BindFailed            **draining** Evidence(1) Terminate(1) *bind_failed*
	Ready                 **ready** *bound* *spawned* *ready*
	Stopping              **draining** *stopping*
	Exited, 0             **backoff** *exited* *backoff*
	Exited, 1             **backoff** *exited* *backoff*
	Exited, 78 (give up)  **failed** Withdraw *exited* *failed*
	IdleStop              Thaw(1)
	Stop                  **draining** Terminate(1) *stopping*
	Restart               **draining** Terminate(1) *stopping*
	Disable               **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Remove                **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Upgrade               **draining** Terminate(1) *stopping* *upgrade_started*

starting, no start time
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  Evidence(1) *slow_start*
	SpawnFailed           **backoff** *exited* *backoff*
	Bound                 *bound*
	Ready                 **ready** *ready*
	Extend                later
	Progress              later
	Stopping              **draining** *stopping*
	Exited, 0             **backoff** *exited* *backoff*
	Exited, 1             **backoff** *exited* *backoff*
	Exited, 78 (give up)  **failed** Withdraw *exited* *failed*
	IdleStop              Thaw(1)
	Stop                  **draining** Terminate(1) *stopping*
	Restart               **draining** Terminate(1) *stopping*
	Disable               **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Remove                **disabled** Terminate(1) Withdraw *stopping* *disabled*
	Upgrade               **draining** Terminate(1) *stopping* *upgrade_started*

ready, seamless, 2 warming: of 1
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  Evidence(2) Terminate(2) *start_timeout* *upgrade_failed*
	SpawnFailed           **starting** *exited*
	Stopping              **starting** *stopping*
	Exited, 0             **starting** *exited*
	Exited, 1             **starting** *exited*
	Exited, 78 (give up)  **starting** *exited*
	Stall                 **starting** Evidence(1) Terminate(1) *stall*
	IdleStop              **starting** Terminate(1) Thaw(1) *idle_stop*
	Stop                  **draining** Terminate(1) Terminate(2) *stopping* *stopping* *upgrade_failed*
	Restart               **draining** Terminate(1) Terminate(2) *stopping* *stopping* *upgrade_failed*
	Disable               **disabled** Terminate(1) Terminate(2) Withdraw *stopping* *stopping* *upgrade_failed* *disabled*
	Remove                **disabled** Terminate(1) Terminate(2) Withdraw *stopping* *stopping* *upgrade_failed* *disabled*
	Upgrade               Terminate(2) Spawn(3) *upgrade_failed* *upgrade_started*

ready, seamless, 2 warming: of 2
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  Evidence(2) Terminate(2) *start_timeout* *upgrade_failed*
	Spawned               *spawned*
	SpawnFailed           *exited* *upgrade_failed*
	Bound                 *bound*
	Ready                 Terminate(1) *spawned* *stopping* *ready* *upgraded*
	Extend                later
	Stopping              *stopping* *upgrade_failed*
	Exited, 0             *exited* *upgrade_failed*
	Exited, 1             *exited* *upgrade_failed*
	Exited, 78 (give up)  *exited* *upgrade_failed*
	IdleStop              Thaw(2)
	Stop                  **draining** Terminate(1) Terminate(2) *stopping* *stopping* *upgrade_failed*
	Restart               **draining** Terminate(1) Terminate(2) *stopping* *stopping* *upgrade_failed*
	Disable               **disabled** Terminate(1) Terminate(2) Withdraw *stopping* *stopping* *upgrade_failed* *disabled*
	Remove                **disabled** Terminate(1) Terminate(2) Withdraw *stopping* *stopping* *upgrade_failed* *disabled*
	Upgrade               Terminate(2) Spawn(3) *upgrade_failed* *upgrade_started*

draining, to restart
	Stop                  forgotten
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  Kill(1)
	SpawnFailed           **starting** Spawn(2) *exited* *stopped* *restarted*
	Extend                later
	Exited, 0             **starting** Spawn(2) *exited* *stopped* *restarted*
	Exited, 1             **starting** Spawn(2) *exited* *stopped* *restarted*
	Exited, 78 (give up)  **starting** Spawn(2) *exited* *stopped* *restarted*
	IdleStop              Thaw(1)
	Disable               **disabled** Withdraw *disabled*
	Remove                **disabled** Withdraw *disabled*

draining, by itself
	Restart               remembered
	Demand, operator      remembered
	Demand, client        remembered
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  Terminate(1)
	SpawnFailed           **backoff** *exited* *backoff*
	Extend                later
	Exited, 0             **idle** Arm *exited* *stopped*
	Exited, 1             **backoff** *exited* *backoff*
	Exited, 78 (give up)  **failed** Withdraw *exited* *failed*
	IdleStop              Thaw(1)
	Stop                  Terminate(1)
	Disable               **disabled** Terminate(1) Withdraw *disabled*
	Remove                **disabled** Terminate(1) Withdraw *disabled*

draining, after a stall
	Upgrade               forgotten
	Restart               remembered
	Demand, operator      remembered
	Demand, client        remembered
	Adopt                 Terminate(9) *stopping*
	Lost                  Publish *listener_lost*
	Tick                  Kill(1)
	SpawnFailed           **backoff** *exited* *backoff*
	Exited, 0             **backoff** *exited* *backoff*
	Exited, 1             **backoff** *exited* *backoff*
	Exited, 78 (give up)  **backoff** *exited* *backoff*
	IdleStop              Thaw(1)
	Disable               **disabled** Withdraw *disabled*
	Remove                **disabled** Withdraw *disabled*

backoff, a client waits
	Stop                  forgotten
	Adopt                 Terminate(9) *stopping*
	Demand, operator      **starting** Spawn(2)
	Lost                  Publish *listener_lost*
	Tick                  **starting** Spawn(2)
	Restart               **starting** Spawn(2) *restarted*
	Disable               **disabled** Withdraw *disabled*
	Remove                **disabled** Withdraw *disabled*
	Upgrade               **starting** Spawn(2)

disabled, 1 leaving
	Adopt                 Terminate(9) *stopping*
	Tick                  Kill(1)
	SpawnFailed           *exited* *stopped*
	Extend                later
	Exited, 0             *exited* *stopped*
	Exited, 1             *exited* *stopped*
	Exited, 78 (give up)  *exited* *stopped*
	IdleStop              Thaw(1)
	Enable                **draining** Publish *enabled*
	Remove                *disabled*
`
