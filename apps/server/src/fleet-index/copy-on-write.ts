/** A value that copies share until one of them changes it, which takes one of its own then. Copying it costs nothing. */
export class CopyOnWrite<Value> {
  #value: Value;
  readonly #copyOf: (value: Value) => Value;
  #isShared = false;

  constructor(value: Value, copyOf: (value: Value) => Value) {
    this.#value = value;
    this.#copyOf = copyOf;
  }

  /** Not to be changed. */
  get value(): Value {
    return this.#value;
  }

  /** To be changed. Valid until the next copy. */
  get own(): Value {
    if (this.#isShared) this.replace(this.#copyOf(this.#value));
    return this.#value;
  }

  /** Takes over another in its place. */
  replace(value: Value): void {
    [this.#value, this.#isShared] = [value, false];
  }

  copy(): CopyOnWrite<Value> {
    const copy = new CopyOnWrite(this.#value, this.#copyOf);
    this.#isShared = true;
    copy.#isShared = true;
    return copy;
  }
}
