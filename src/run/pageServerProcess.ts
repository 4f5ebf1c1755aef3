import { type ChildProcess, spawn } from 'node:child_process';

/** What the process that serves the page tells the one that started it. */
export interface FromPageServer {
  url: string;
}

const PATIENCE_MS = 3000;
const TAIL_CHARACTERS = 400;

/** The process that serves the page of `run --watch`: this one trains, and would answer between two steps. */
export class PageServerProcess {
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  /** `onMessage` hears the address when the page can be opened, or why it cannot. */
  constructor(dir: string, program: string, onMessage: (message: string) => void) {
    const words = [...process.execArgv, program, 'watch', dir, '--quiet'];
    this.child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    this.child.stderr!.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-TAIL_CHARACTERS);
    });
    this.child.on('message', ({ url }: FromPageServer) => onMessage(`watch it at ${url}`));
    this.ended = new Promise((resolve) => {
      this.child.on('error', resolve);
      // Not `close`: it does not come where this side has disconnected.
      this.child.on('exit', (code) => {
        if (code !== 0 && said !== '') onMessage(`the page cannot be watched: ${said.trim()}`);
        resolve(code);
      });
    });
  }

  /** Ends the process, once it has told what came last. */
  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const late = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    await this.ended;
    clearTimeout(late);
  }
}
