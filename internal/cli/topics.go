package cli

import "github.com/spf13/cobra"

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `The exit codes of daemonry:

    0  done
    1  failed
    2  usage: the command line makes no sense
    3  unknown service
    4  the service failed (its daemon did not start, or is past its restart limit)
       or is disabled
    5  no broker: none runs, none could be started, or DAEMONRY=off
    6  timed out

exec and session return COMMAND's own exit code. Otherwise:

  125  daemonry itself failed
  126  COMMAND is not executable
  127  COMMAND was not found
128+n  COMMAND was killed by signal n

Example:
  daemonry endpoint gocache --wait-ready --timeout 30s
  case $? in 4) daemonry logs gocache -n 20 ;; esac`,
	}
}

func environmentTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "environment",
		Short: "The environment variables and directories",
		Long: `Variables that daemonry and programs that use it read:

  DAEMONRY              off, 0 or false: use no daemons; clients get an error at
                        once and can take their direct path
  DAEMONRY_RUNTIME_DIR  sockets, locks and records
                        (default: $XDG_RUNTIME_DIR/daemonry, else /tmp/daemonry-UID)
  DAEMONRY_CONFIG_DIR   definitions (default: $XDG_CONFIG_HOME/daemonry)
  DAEMONRY_STATE_DIR    logs and data (default: $XDG_STATE_HOME/daemonry)
  DAEMONRY_DOMAIN       a sub-directory of all three: a separate broker
  DAEMONRY_BROKER       the program that is started as the broker
                        (default: daemonry beside the program, else in PATH)
  NO_COLOR              no colour on the terminal

'daemonry exec' sets DAEMONRY_ENDPOINT for COMMAND: the path of a unix socket, or
tcp:HOST:PORT. The defaults are those of Linux.

Example:
  DAEMONRY_DOMAIN=ci daemonry status`,
	}
}
