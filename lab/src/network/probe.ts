import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { ProbeRequest, ProbeResult } from './agent-messages.ts';

const PASSED: ProbeResult = { outcome: 'passed', detail: 'answered' };
const SILENCE: ProbeResult = { outcome: 'blocked', detail: 'no answer' };

function failed(error: NodeJS.ErrnoException): ProbeResult {
  return { outcome: 'blocked', detail: error.code ?? error.message };
}

function probeTcp({ address, port, timeoutMs }: ProbeRequest): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const timer = setTimeout(() => end(SILENCE), timeoutMs);
    function end(result: ProbeResult): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    }
    socket.on('error', (error) => end(failed(error)));
    socket.on('connect', () => socket.write('bulkhead\n'));
    socket.on('data', () => end(PASSED));
  });
}

function probeUdp({ address, port, timeoutMs }: ProbeRequest): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => end(SILENCE), timeoutMs);
    let hasEnded = false;
    function end(result: ProbeResult): void {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(timer);
      socket.close();
      resolve(result);
    }
    socket.on('error', (error) => end(failed(error)));
    socket.on('message', () => end(PASSED));
    socket.connect(port, address, () => {
      socket.send('bulkhead\n', (error) => {
        if (error) end(failed(error));
      });
    });
  });
}

function probeIcmp({ address, timeoutMs }: ProbeRequest): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const args = ['-n', '-q', '-c', '1', '-W', String(timeoutMs / 1000), address];
    const ping = spawn('ping', args, { stdio: 'ignore' });
    ping.on('error', (error) => resolve(failed(error)));
    ping.on('exit', (code) => resolve(code === 0 ? PASSED : SILENCE));
  });
}

/** One real connection attempt. `passed` means that the other side answered. */
export async function probe(request: ProbeRequest): Promise<ProbeResult> {
  if (request.protocol === 'tcp') return probeTcp(request);
  if (request.protocol === 'udp') return probeUdp(request);
  return probeIcmp(request);
}
