import { N8n } from './n8n.mjs';
import { freePort } from './ports.mjs';
import { Postgres } from './postgres.mjs';
import { Process } from './process.mjs';

/** Long enough for a worker that a busy machine leaves no time. */
const LOCK_MS = 30_000;

/** An n8n in queue mode: its main process, and workers that do one execution at once. */
export class Queue {
  #home;
  #settings;
  #redis;
  #postgres;
  main;
  workers = [];

  constructor(home) {
    this.#home = home;
  }

  async start(workers) {
    const port = String(await freePort());
    const redis = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', await this.#home.folder('redis')];
    this.#redis = new Process('redis-server', redis, process.env);
    await this.#redis.prints('Ready to accept connections');
    this.#postgres = await Postgres.start();
    this.#settings = {
      ...this.#postgres.settings,
      EXECUTIONS_MODE: 'queue',
      // What the editor starts is done by workers too.
      OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
      QUEUE_BULL_REDIS_HOST: '127.0.0.1',
      QUEUE_BULL_REDIS_PORT: port,
      QUEUE_WORKER_LOCK_DURATION: String(LOCK_MS),
      QUEUE_WORKER_STALLED_INTERVAL: '5000',
    };
    this.main = await N8n.start(this.#home, this.#settings);
    await Promise.all(Array.from({ length: workers }, () => this.#startWorker()));
  }

  async #startWorker() {
    const env = await this.#home.environment(this.#settings);
    const worker = new Process(this.#home.binary, ['worker', '--concurrency=1'], env);
    this.workers.push(worker);
    await worker.prints('worker is now ready');
  }

  /** The worker that does an execution. */
  async workerOf(execution) {
    const began = async (worker) => {
      await worker.prints(`Worker started execution ${execution} `);
      return worker;
    };
    return Promise.any(this.workers.map(began));
  }

  async stop() {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.main?.stop();
    await this.#postgres?.stop();
    await this.#redis?.stop();
  }
}
