import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

/** A running program, and what it prints. It ends with the process that started it, however that ends. */
export class Process {
  #child;
  #ended;
  #hasEnded = false;
  #printed = new EventEmitter();
  log = '';

  /** @param asUser Options of `setpriv`. */
  constructor(command, args, env, asUser = []) {
    const all = [...asUser, '--pdeathsig', 'KILL', '--', command, ...args];
    this.#child = spawn('setpriv', all, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'close').then(() => {
      this.#hasEnded = true;
      this.#printed.emit('more');
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.log += text;
        this.#printed.emit('more');
      });
    }
  }

  /** Awaits that it prints this. */
  async prints(text) {
    while (!this.log.includes(text)) {
      if (this.#hasEnded) {
        throw new Error(`It ended with ${this.#child.exitCode ?? this.#child.signalCode}\n${this.log}`);
      }
      await once(this.#printed, 'more');
    }
  }

  /** Ends it, which it has to do in order. */
  async stop(signal = 'SIGTERM') {
    this.#child.kill(signal);
    await this.#ended;
    if (this.#child.exitCode !== 0) {
      throw new Error(`It ended with ${this.#child.exitCode ?? this.#child.signalCode}\n${this.log}`);
    }
  }

  async kill() {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
