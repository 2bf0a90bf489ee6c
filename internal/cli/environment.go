package cli

// The environment variables that commands set or read themselves.
const (
	envSwitch   = "DAEMONRY"
	envBroker   = "DAEMONRY_BROKER"
	envDomain   = "DAEMONRY_DOMAIN"
	envEndpoint = "DAEMONRY_ENDPOINT"
	envInherit  = "DAEMONRY_INHERIT"
	envRuntime  = "DAEMONRY_RUNTIME_DIR"
	envConfig   = "DAEMONRY_CONFIG_DIR"
	envState    = "DAEMONRY_STATE_DIR"
)
