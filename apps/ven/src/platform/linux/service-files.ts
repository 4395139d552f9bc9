/** What is written for the service managers of Linux. Pure. */
import { ServiceError, type ServiceFolders } from '../port.ts';

export const SERVICE_NAME = 'illumio-ven';
/** Longer than `start` waits for the daemon, shorter than a command may take. */
const START_TIMEOUT_SECONDS = 25;
/** The PCE is told within 2 s, or not at all. */
const STOP_TIMEOUT_SECONDS = 15;

/** Program and arguments that a service starts the VEN with; it returns when the last policy is in force. */
export function startCommand(folders: ServiceFolders): readonly string[] {
  return [...command(folders), 'start', '--by-service'];
}

/**
 * Forking: the unit has started when the last policy is in force, and only then the network is set up. After nftables.service,
 * which may begin by deleting every table. A shutdown ends the process by SIGTERM, so the PCE is told of a shutdown.
 */
export function renderUnit(folders: ServiceFolders): string {
  return `[Unit]
Description=Illumio VEN
DefaultDependencies=no
RequiresMountsFor=${checked(folders.install)} ${checked(folders.data)}
After=local-fs.target systemd-modules-load.service nftables.service
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=forking
PIDFile=${checked(folders.data)}/run/ven.pid
ExecStart=${startCommand(folders).join(' ')}
Restart=on-failure
RestartSec=5
TimeoutStartSec=${START_TIMEOUT_SECONDS}
TimeoutStopSec=${STOP_TIMEOUT_SECONDS}

[Install]
WantedBy=multi-user.target
`;
}

/** Not stopped by a runlevel: a halt ends the process by SIGTERM, so the PCE is told of a shutdown. */
export function renderInitScript(folders: ServiceFolders): string {
  const ctl = command(folders).join(' ');
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          ${SERVICE_NAME}
# Required-Start:    $local_fs
# Required-Stop:
# Should-Start:      nftables
# X-Start-Before:    $network
# Default-Start:     S
# Default-Stop:
# Short-Description: Illumio VEN
# Description:       Puts the last policy in force before the network is set up.
### END INIT INFO

case "\${1:-}" in
  start) exec ${startCommand(folders).join(' ')} ;;
  stop) exec ${ctl} stop ;;
  restart | force-reload) exec ${ctl} restart ;;
  status) exec ${ctl} status ;;
  *)
    echo "usage: $0 start|stop|restart|force-reload|status" >&2
    exit 2
    ;;
esac
`;
}

function command({ install, data }: ServiceFolders): readonly string[] {
  return [`${checked(install)}/illumio-ven-ctl`, '--data-dir', checked(data)];
}

/** Paths stand unquoted in unit files and scripts. */
function checked(path: string): string {
  if (/^(?:\/[A-Za-z0-9._-]+)+$/.test(path)) return path;
  throw new ServiceError(
    `the folder ${JSON.stringify(path)} cannot stand in a service definition: letters, digits, ".", "_" and "-" can`,
  );
}
