// Comes before everything else: whatever would go over the network ends the process.
import { Socket } from 'node:net';

function refuse(what) {
  process.stderr.write(`the network was asked for: ${what}\n`);
  process.exit(3);
}

globalThis.fetch = (input) => refuse(String(input?.url ?? input));
Socket.prototype.connect = () => refuse('a socket');
// It warns of what the cases are full of.
for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = () => {};
