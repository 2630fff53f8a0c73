/** Something that the demo has to show, and what showed it. */
export interface Proof {
  readonly step: string;
  readonly what: string;
  readonly isSeen: boolean;
  readonly evidence: string;
  /** Since the demo began. */
  readonly seconds: number;
}

/** Tells a person what happens, and keeps what was seen for whoever wants it as JSON. */
export class Report {
  readonly proofs: Proof[] = [];
  readonly #isQuiet: boolean;
  readonly #began = performance.now();
  #step = '';

  constructor({ isQuiet }: { readonly isQuiet: boolean }) {
    this.#isQuiet = isQuiet;
  }

  get isAllSeen(): boolean {
    return this.proofs.every(({ isSeen }) => isSeen);
  }

  get seconds(): number {
    return Math.round((performance.now() - this.#began) / 100) / 10;
  }

  step(text: string): void {
    this.#step = text;
    this.#write(`\n» ${text}`);
  }

  say(text: string): void {
    this.#write(`  ${this.seconds.toFixed(1).padStart(5)} s  ${text}`);
  }

  /** Something that had to be seen. */
  proof(what: string, isSeen: boolean, evidence: string): void {
    const { seconds } = this;
    this.proofs.push({ step: this.#step, what, isSeen, evidence, seconds });
    this.#write(`  ${seconds.toFixed(1).padStart(5)} s  ${isSeen ? '✓' : '✗ NOT SEEN:'} ${what}: ${evidence}`);
  }

  #write(line: string): void {
    if (!this.#isQuiet) process.stdout.write(`${line}\n`);
  }
}
