import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port for a server that can't choose one itself: below those that systems give out, so that nobody is given it before the
 * server takes it.
 */
export async function freePort() {
  const port = 10_000 + Math.floor(Math.random() * 20_000);
  return (await isFree(port)) ? port : freePort();
}

async function isFree(port) {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error.code === 'EADDRINUSE') {
      return false;
    }
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
